import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';

/** What happens to one publication: it is not taken and answered so, or never answered, or taken and all the same answered with 500. */
export type Fault = 'answers 500' | 'hangs' | 'takes it and answers 500';

/** A registry that fails as told, in front of one that works. */
export class FaultyProxy {
  readonly #server: Server;
  readonly #target: string;
  #faults: (Fault | null)[] = [];
  #onHang: () => void = () => {};
  /** Packuments that it makes up. */
  readonly madeUp = new Map<string, object>();
  /** Packages that the registry behind took, in order. */
  readonly taken: string[] = [];

  private constructor(target: string) {
    this.#target = target;
    this.#server = createServer((incoming, response) => void this.#handle(incoming, response));
  }

  static async start(target: string): Promise<FaultyProxy> {
    const proxy = new FaultyProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** Of the publications to come: null is taken as usual. Resolves when one hangs. */
  failWith(...faults: (Fault | null)[]): Promise<void> {
    this.#faults = faults;
    return new Promise((resolve) => {
      this.#onHang = resolve;
    });
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = decodeURIComponent((incoming.url ?? '').slice(1));
    const madeUp = this.madeUp.get(name);
    if (incoming.method === 'GET' && madeUp) {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(madeUp));
      return;
    }
    const fault = incoming.method === 'PUT' ? (this.#faults.shift() ?? null) : null;
    switch (fault) {
      case null:
        return this.#forward(incoming, response, name);
      case 'answers 500':
        incoming.resume();
        response.writeHead(500).end('{"error":"no"}');
        return;
      case 'hangs':
        incoming.resume();
        this.#onHang();
        return;
      case 'takes it and answers 500':
        return this.#forward(incoming, response, name, 500);
      default:
        fault satisfies never;
    }
  }

  #forward(incoming: IncomingMessage, response: ServerResponse, name: string, status?: number): void {
    const { method, url, headers } = incoming;
    const outgoing = request(new URL(url!, this.#target), { method: method!, headers }, (answer) => {
      if (method === 'PUT' && answer.statusCode! < 300) this.taken.push(name);
      response.writeHead(status ?? answer.statusCode!, status ? {} : answer.headers);
      if (!status) answer.pipe(response);
      else answer.resume().on('end', () => response.end('{"error":"no"}'));
    });
    outgoing.on('error', () => response.destroy());
    incoming.pipe(outgoing);
  }
}
