import ts from 'typescript-5.9';
import { OTHER_FUNCTIONS, OTHER_NAMES, OTHER_OPERATORS, OTHER_TEXTS } from './operators.ts';

/** A text to be put in place of a part of the source. */
export interface Place extends Edit {
  /** What the edit is described by. */
  readonly node: ts.Node;
  readonly member: string;
}

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  /** Shown in the description; the node itself unless given. */
  readonly within?: ts.Node;
  /** Two statements that change places, for the description: the one that now comes first. */
  readonly swapped?: readonly [string, string];
}

/** Every place of a source file and what may stand there instead, in the order of the text. */
export function placesOf(source: ts.SourceFile): Place[] {
  const places: Place[] = [];
  const visit = (node: ts.Node, member: string): void => {
    if (isLeftAlone(node, source)) return;
    const name = memberName(node) ?? member;
    for (const edit of editsOf(node, source)) places.push({ ...edit, node: edit.within ?? node, member: name });
    ts.forEachChild(node, (child) => visit(child, name));
  };
  visit(source, '');
  return places;
}

/** Types, imports, errors, what is never reached, and manifests: what a driver declares is no arithmetic. */
function isLeftAlone(node: ts.Node, source: ts.SourceFile): boolean {
  if (ts.isTypeNode(node) || ts.isImportDeclaration(node) || ts.isInterfaceDeclaration(node)) return true;
  if (ts.isTypeAliasDeclaration(node) || ts.isThrowStatement(node) || ts.isDefaultClause(node)) return true;
  const declared = ts.isVariableDeclaration(node) || ts.isPropertyDeclaration(node) ? node.name.getText(source) : '';
  return ['SUPPORTS', 'EVERYTHING', 'supports', 'name', 'device'].includes(declared);
}

export function memberName(node: ts.Node): string | undefined {
  if (ts.isMethodDeclaration(node) || ts.isFunctionDeclaration(node)) return node.name?.getText();
  return undefined;
}

function editsOf(node: ts.Node, source: ts.SourceFile): Edit[] {
  const text = (part: ts.Node): string => part.getText(source);
  const instead = (part: ts.Node, replacement: string, within?: ts.Node): Edit => ({
    start: part.getStart(source),
    end: part.getEnd(),
    replacement,
    ...(within && { within }),
  });
  if (ts.isBinaryExpression(node)) return binaryEdits(node, text, instead);
  if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) return unaryEdits(node, text, instead);
  if (ts.isConditionalExpression(node)) {
    return [instead(node, `(${text(node.whenTrue)})`), instead(node, `(${text(node.whenFalse)})`)];
  }
  if (ts.isIfStatement(node)) {
    return ['true', 'false', `!(${text(node.expression)})`].map((other) => instead(node.expression, other));
  }
  if (ts.isForStatement(node) && node.condition) return [instead(node.condition, 'false', node.condition)];
  if (ts.isNumericLiteral(node)) return numberEdits(node, instead);
  if (ts.isStringLiteral(node)) {
    return (OTHER_TEXTS[node.text] ?? []).map((other) => instead(node, `'${other}'`, shownFor(node)));
  }
  if (ts.isIdentifier(node)) return nameEdits(node, instead);
  if (ts.isCallExpression(node)) return callEdits(node, text, instead);
  if (ts.isNewExpression(node)) return newEdits(node, text, instead);
  if (ts.isElementAccessExpression(node)) {
    const index = text(node.argumentExpression);
    return [`(${index}) + 1`, `(${index}) - 1`, '0'].map((other) => instead(node.argumentExpression, other, node));
  }
  if (ts.isReturnStatement(node) && node.expression) return returnEdits(node.expression, text, instead);
  if (ts.isBlock(node)) return blockEdits(node, text, instead);
  if (ts.isObjectLiteralExpression(node)) return objectEdits(node, text, instead);
  if (ts.isCaseClause(node)) return [instead(node.expression, "'none'")];
  return [];
}

type Text = (part: ts.Node) => string;
type Instead = (part: ts.Node, replacement: string, within?: ts.Node) => Edit;

/** Another operator, one operand alone, and the operands the other way round where that matters. */
function binaryEdits(node: ts.BinaryExpression, text: Text, instead: Instead): Edit[] {
  const { left, operatorToken, right } = node;
  const operator = text(operatorToken);
  const others = (OTHER_OPERATORS[operator] ?? []).map((other) => instead(operatorToken, other, node));
  if (operator.endsWith('=') && !['===', '!==', '<=', '>='].includes(operator)) return others;
  const swapped = ['-', '/', '%', '**', '??'].includes(operator)
    ? [`(${text(right)}) ${operator} (${text(left)})`]
    : [];
  return [...others, ...[`(${text(left)})`, `(${text(right)})`, ...swapped].map((other) => instead(node, other))];
}

function unaryEdits(node: ts.PrefixUnaryExpression | ts.PostfixUnaryExpression, text: Text, instead: Instead): Edit[] {
  const operand = text(node.operand);
  switch (node.operator) {
    case ts.SyntaxKind.PlusPlusToken:
      return [instead(node, `${operand} += 2`)];
    case ts.SyntaxKind.MinusToken:
    case ts.SyntaxKind.ExclamationToken:
      return [instead(node, `(${operand})`)];
    default:
      return [];
  }
}

/** A loop that begins at -1 is left out: typed arrays have nothing there, and take nothing. */
function numberEdits(node: ts.NumericLiteral, instead: Instead): Edit[] {
  const value = Number(node.text);
  const begins = ts.isVariableDeclaration(node.parent) && ts.isForStatement(node.parent.parent.parent);
  const others = new Set([value + 1, ...(begins ? [] : [value - 1]), 0, value * 2]);
  others.delete(value);
  const shown = shownFor(node);
  return [...others].map((other) => instead(node, other < 0 ? `(${other})` : String(other), shown));
}

/** A literal says little: what it stands in. */
function shownFor(node: ts.Node): ts.Node {
  const { parent } = node;
  return ts.isExpression(parent) || ts.isVariableDeclaration(parent) ? parent : node;
}

function nameEdits(node: ts.Identifier, instead: Instead): Edit[] {
  const { parent } = node;
  const isUse =
    (ts.isPropertyAccessExpression(parent) && parent.name === node && !ts.isCallExpression(parent.parent)) ||
    (ts.isElementAccessExpression(parent) && parent.expression === node) ||
    (ts.isBinaryExpression(parent) && parent.left !== undefined) ||
    (ts.isCallExpression(parent) && parent.expression !== node) ||
    (ts.isNewExpression(parent) && parent.expression === node) ||
    ts.isConditionalExpression(parent);
  if (!isUse) return [];
  return (OTHER_NAMES[node.text] ?? []).map((other) => instead(node, other, shownFor(node)));
}

/** Another function, an argument in place of the call, two arguments swapped. */
function callEdits(node: ts.CallExpression, text: Text, instead: Instead): Edit[] {
  const { expression } = node;
  const called = ts.isPropertyAccessExpression(expression) ? expression.name : expression;
  const others = (OTHER_FUNCTIONS[text(called)] ?? []).map((other) => instead(called, other, node));
  const values = node.arguments.map(text);
  const isUsed = !ts.isExpressionStatement(node.parent);
  const alone = isUsed
    ? values.filter((value) => !value.includes('=>')).map((value) => instead(node, `(${value})`))
    : [];
  const commutes = ['max', 'min'].includes(text(called));
  const swapped = (commutes ? [] : values.slice(1)).map((_, i) => {
    const order = [...values.slice(0, i), values[i + 1]!, values[i]!, ...values.slice(i + 2)];
    return instead(node, `${text(expression)}(${order.join(', ')})`);
  });
  return [...others, ...alone, ...swapped];
}

/** Arrays that are too short. Longer ones give the same results. */
function newEdits(node: ts.NewExpression, text: Text, instead: Instead): Edit[] {
  const last = node.arguments?.at(-1);
  if (!last || !text(node.expression).endsWith('Array')) return [];
  return [instead(last, `(${text(last)}) - 1`, node)];
}

function returnEdits(value: ts.Expression, text: Text, instead: Instead): Edit[] {
  const isNumber = ts.isBinaryExpression(value) || ts.isCallExpression(value) || ts.isConditionalExpression(value);
  return isNumber ? ['0', `-(${text(value)})`].map((other) => instead(value, other)) : [];
}

/** Statements left out, and two that follow each other in the other order. */
function blockEdits(node: ts.Block, text: Text, instead: Instead): Edit[] {
  const isStep = (statement: ts.Statement): boolean =>
    ts.isExpressionStatement(statement) || ts.isIfStatement(statement) || ts.isForStatement(statement);
  const left = node.statements
    .filter((statement) => isStep(statement) && !text(statement).includes('throw '))
    .map((statement) => instead(statement, ';', statement));
  const swapped = node.statements.slice(1).flatMap((statement, i) => {
    const before = node.statements[i]!;
    if (!isStep(statement) || !isStep(before)) return [];
    const swapped = [text(statement), text(before)] as const;
    const edit = { start: before.getStart(), end: statement.getEnd(), swapped };
    return [{ ...edit, replacement: `${text(statement)} ${text(before)}` }];
  });
  return [...left, ...swapped];
}

function objectEdits(node: ts.ObjectLiteralExpression, text: Text, instead: Instead): Edit[] {
  return node.properties.flatMap((_property, i) => {
    if (node.properties.length < 2) return [];
    const rest = node.properties.filter((_, k) => k !== i).map(text);
    return [instead(node, `{ ${rest.join(', ')} }`)];
  });
}
