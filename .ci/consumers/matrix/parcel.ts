import type { Consumer } from '../consumer.ts';
import { SOURCES } from '../program.ts';

export const parcel: Consumer = {
  name: 'Parcel 2, as it is',
  needs: { parcel: '2' },
  files: SOURCES,
  threads: 'two',
  inCI: true,
  run: async (project) => {
    await project.exec('parcel', 'build', 'index.html', '--no-source-maps', '--no-cache');
    return project.page('dist');
  },
};
