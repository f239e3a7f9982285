import { Foundation } from './0001-foundation.js';
import { IdempotencyClaim } from './0002-idempotency-claim.js';
import { Reading } from './0003-reading.js';
import { Denials } from './0004-denials.js';
import { Watch } from './0005-watch.js';
import { Withdrawal } from './0006-withdrawal.js';

export const kernelMigrations = [Foundation, IdempotencyClaim, Reading, Denials, Watch, Withdrawal];
