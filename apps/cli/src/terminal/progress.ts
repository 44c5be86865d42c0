import cliProgress from 'cli-progress';
import { err } from './output.ts';
import { printable } from './printable.ts';

export interface Progress {
  update(done: number, note?: string): void;
  stop(): void;
}

/** The text after the bar, from what was done and the seconds that it took. */
export type Caption = (done: number, total: number, seconds: number, note: string) => string;

const BAR_WIDTH = 30;

/** A bar on stderr, where that is a terminal and `wanted`; otherwise nothing. It is removed when it stops. */
export function startProgress(total: number, wanted: boolean, caption: Caption): Progress {
  if (!wanted || !err.stream.isTTY || process.env.TERM === 'dumb') return { update() {}, stop() {} };
  const start = performance.now();
  const bar = new cliProgress.SingleBar({
    stream: err.stream,
    clearOnComplete: true,
    hideCursor: true,
    gracefulExit: false,
    fps: 10,
    format: (_options, params, payload) => {
      const part = total === 0 ? 1 : Math.min(1, params.value / total);
      const full = Math.round(part * BAR_WIDTH);
      const drawn = err.shown(`${'█'.repeat(full)}${err.paint('dim', '░'.repeat(BAR_WIDTH - full))}`);
      const percent = `${Math.floor(part * 100)}%`.padStart(4);
      const seconds = (performance.now() - start) / 1e3;
      const text = `${percent}  ${caption(params.value, total, seconds, String((payload as { note: string }).note))}`;
      const room = Math.max(0, (err.stream.columns || 80) - BAR_WIDTH - 2);
      return `${drawn} ${printable(text).slice(0, room)}`;
    },
  });
  bar.start(total, 0, { note: '' });
  return {
    update: (done, note = '') => bar.update(done, { note }),
    stop: () => bar.stop(),
  };
}
