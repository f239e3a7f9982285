/** Parts of `security-csp` that tests set in motion by hand. */
export { WatchService } from '../../modules/security-csp/policy/watch.service.js';
