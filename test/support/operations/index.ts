/** Steps of the walk from a bare machine to a kept service; each takes the machine and says what it saw. */
export { CleanRoot } from './clean-root.js';
export { Diary } from './diary.js';
export { CARRIED, install, linesOf, startService } from './install.js';
export type { Installed, Service } from './install.js';
export { openShop, takePayment } from './shop.js';
export type { OpenedShop } from './shop.js';
export { loseDatabase, restoreDump, setUpBackup, takeDump } from './disaster.js';
export type { Dump } from './disaster.js';
export { Front } from './front.js';
export { carryNext, hasNextColumn, NEXT, NEXT_VERSION } from './next-release.js';
