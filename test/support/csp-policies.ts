/** Parts of `security-csp` that tests set in motion by hand. */
export { WatchService } from '../../modules/security-csp/policy/watch.service.js';
export { DEVIATIONS } from '../../modules/security-csp/csp/deviations.js';
export { EmitService } from '../../modules/security-csp/emit/emit.service.js';
export { writeFiles } from '../../modules/security-csp/emit/write.js';
