import { failoverCheck } from '../../infra/failover/index.js';
import { hostCheck } from '../../infra/host/index.js';
import { secretsCheck } from '../../infra/secrets/index.js';
import type { DoctorCheck } from '#kernel';

/** What `ofitec doctor` looks at beside the house itself; one line for each part of `infra`. */
export const infraChecks: readonly DoctorCheck[] = [secretsCheck, failoverCheck, hostCheck];
