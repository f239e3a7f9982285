import { readVaultAccess } from './config.js';
import { signedIn } from './vault/sign-in.js';
import { Vault } from './vault/vault.js';

/** Works with Vault as the environment says who we are; the token is ended afterwards. */
export async function withVault<T>(work: (vault: Vault) => Promise<T>): Promise<T> {
  const { address, proof } = readVaultAccess(process.env);
  return signedIn(new Vault(address), proof, work);
}
