import type { Consumer } from '../consumer.ts';

export const next: Consumer = {
  name: 'Next.js 16',
  needs: { next: '16', react: '19', 'react-dom': '19' },
  files: {
    'next.config.mjs': "export default { output: 'export' };",
    'app/layout.jsx': 'export default ({ children }) => <html><body>{children}</body></html>;',
    'app/page.jsx': `
'use client';
import { useEffect } from 'react';
import { check } from '../program.js';

export default function Page() {
  useEffect(() => {
    globalThis.answer = check().then((page) => ({ page }));
  }, []);
  return <p>RMSNorm</p>;
}
`,
  },
  threads: 'two',
  run: async (project) => {
    await project.exec('next', 'build');
    return project.page('out');
  },
};
