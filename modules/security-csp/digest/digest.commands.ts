import type { Command } from '#kernel';
import { DigestService } from './digest.service.js';

/** The digest by hand, or by a timer of the operating system beside the worker's schedule. */
export const digestCommands: readonly Command[] = [
  {
    name: 'digest',
    summary:
      'make yesterday’s digest of violation reports in every company that lacks it; again changes nothing',
    options: {},
    async run(app) {
      return { ...(await app.get(DigestService, { strict: false }).makeEverywhere()) };
    },
  },
];
