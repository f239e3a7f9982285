/** The parts of `infra/secrets`, for tests that look inside. */
export { Kv } from '../../infra/secrets/vault/kv.js';
export { setUp, setUpJwt, wrapSecretId } from '../../infra/secrets/vault/setup.js';
export { readToken, renewSelf, signedIn, signIn } from '../../infra/secrets/vault/sign-in.js';
export { readHealth, Vault } from '../../infra/secrets/vault/vault.js';
export { VaultFault } from '../../infra/secrets/vault/vault-fault.js';
export { readDialect, refusalOf, writeDialect } from '../../infra/secrets/render/dialect.js';
export { Spool } from '../../modules/operational-alerts/spool/spool.js';
export { PlayedTokenReview } from '../../infra/secrets/kubernetes/token-review.js';
export { tokenReviewContract } from '../../infra/secrets/kubernetes/token-review.contract.js';
export type { TokenReviewWorld } from '../../infra/secrets/kubernetes/token-review.contract.js';
