import { readFileSync } from 'node:fs';
import { keepAlive } from './renewal.js';
import { Vault } from './vault.js';
import type { VaultAnswer } from './vault.js';
import { isTrouble, VaultFault } from './vault-fault.js';

/** How a program proves to Vault who it is. */
export type Proof =
  | { readonly kind: 'token'; readonly token: string }
  | {
      readonly kind: 'approle';
      readonly mount: string;
      readonly roleId: string;
      readonly secretId: string;
    }
  /** A secret id inside a wrapping that opens once: whoever opened it before us is found out. */
  | {
      readonly kind: 'wrapped';
      readonly mount: string;
      readonly roleId: string;
      readonly role: string;
      readonly wrappingToken: string;
    }
  | {
      readonly kind: 'jwt';
      readonly mount: string;
      readonly role: string;
      /** Read at each sign-in: Kubernetes replaces it. */
      readonly jwtFile: string;
    };

/** What is known of a token. */
export interface TokenFacts {
  readonly accessor: string;
  readonly policies: readonly string[];
  /** Seconds that it has left; 0 is for ever. */
  readonly ttlSeconds: number;
  readonly renewable: boolean;
}

/** A signed-in connection. */
export interface SignedIn {
  readonly vault: Vault;
  /** Renews the token no more: it, and what is leased to it, ends with its time. */
  stop(): void;
  /** Ends the token, if this program made it; a token that was given stays. */
  leave(): Promise<void>;
}

/**
 * Signs in; the token is renewed for as long as the program runs, and is replaced when it ends.
 *
 * @param replaced called when it was: what was leased to the old token ends with it
 * @throws VaultFault
 */
export async function signIn(
  vault: Vault,
  proof: Proof,
  replaced: () => void = () => undefined,
): Promise<SignedIn> {
  if (proof.kind === 'token') {
    const nothing = (): void => undefined;
    return { vault: vault.withToken(proof.token), stop: nothing, leave: async () => undefined };
  }
  const body = await credentialsOf(vault, proof);
  // A wrapping opens once; the signed token of a pod is another one by then.
  const again = async (): Promise<object> =>
    proof.kind === 'jwt' ? credentialsOf(vault, proof) : body;
  const { token, ttlSeconds } = await logIn(vault, proof.mount, body);
  const own = vault.withToken(token);
  const renewal = {
    renew: async () => (await renewSelf(own)).ttlSeconds,
    replace: async () => {
      const fresh = await logIn(vault, proof.mount, await again());
      own.adopt(fresh.token);
      replaced();
      return fresh.ttlSeconds;
    },
  };
  const stop = keepAlive(renewal, ttlSeconds);
  const leave = async (): Promise<void> => {
    stop();
    await revokeSelf(own);
  };
  return { vault: own, stop, leave };
}

interface Token {
  readonly token: string;
  readonly ttlSeconds: number;
}

async function logIn(vault: Vault, mount: string, body: object): Promise<Token> {
  // A second token that nobody uses ends by itself.
  const { auth } = await vault
    .call(`auth/${mount}/login`, { body, repeatable: true })
    .catch((error: unknown) => {
      if (!isTrouble(error, 'denied', 'refused')) throw error;
      const { trouble, message } = error as VaultFault;
      throw new VaultFault(trouble, `The sign-in ${mount} is refused. ${message}`);
    });
  const token = auth?.['client_token'];
  if (typeof token !== 'string') throw new VaultFault('broken', 'Vault gave no token.');
  return { token, ttlSeconds: Number(auth?.['lease_duration'] ?? 0) };
}

/** Signs in, works, and ends the token whatever happens. */
export async function signedIn<T>(
  vault: Vault,
  proof: Proof,
  work: (vault: Vault) => Promise<T>,
): Promise<T> {
  const session = await signIn(vault, proof);
  try {
    return await work(session.vault);
  } finally {
    // A token that cannot be ended now ends with its time.
    await session.leave().catch(() => undefined);
  }
}

/** What Vault knows of the token that asks. The token itself, which it also answers, is left there. */
export async function readToken(vault: Vault): Promise<TokenFacts> {
  const { data } = await vault.call('auth/token/lookup-self');
  return factsOf(data);
}

/** Prolongs the token that asks. @returns what it is now */
export async function renewSelf(vault: Vault, seconds?: number): Promise<TokenFacts> {
  const body = seconds === undefined ? {} : { increment: `${seconds}s` };
  const { auth } = await vault.call('auth/token/renew-self', { body, repeatable: true });
  return factsOf(auth ?? {});
}

async function revokeSelf(vault: Vault): Promise<void> {
  await vault.call('auth/token/revoke-self', { body: {}, repeatable: true });
}

/**
 * Takes a secret id out of its wrapping. Where it was wrapped is looked at first: a wrapping of
 * another path was put in its place.
 *
 * @throws VaultFault `refused` when somebody opened it before, or it is not what it should be
 */
async function unwrap(
  vault: Vault,
  { mount, role, wrappingToken }: Extract<Proof, { kind: 'wrapped' }>,
): Promise<string> {
  const expected = `auth/${mount}/role/${role}/secret-id`;
  const opened = 'The wrapping of the secret id was opened before, or its time is over. ';
  const advice = `${opened}Find out by whom: this is how theft shows.`;
  let facts: VaultAnswer;
  try {
    facts = await vault.call('sys/wrapping/lookup', {
      body: { token: wrappingToken },
      repeatable: true,
    });
  } catch (error) {
    if (error instanceof VaultFault && ['refused', 'denied', 'absent'].includes(error.trouble)) {
      throw new VaultFault('refused', advice);
    }
    throw error;
  }
  if (facts.data['creation_path'] !== expected) {
    const path = String(facts.data['creation_path']).slice(0, 100);
    throw new VaultFault('refused', `The wrapping comes from ${path}, not from ${expected}.`);
  }
  const { data } = await vault.withToken(wrappingToken).call('sys/wrapping/unwrap', { body: {} });
  const secretId = data['secret_id'];
  if (typeof secretId !== 'string') throw new VaultFault('refused', 'It wraps no secret id.');
  return secretId;
}

async function credentialsOf(
  vault: Vault,
  proof: Exclude<Proof, { kind: 'token' }>,
): Promise<object> {
  if (proof.kind === 'approle') return { role_id: proof.roleId, secret_id: proof.secretId };
  if (proof.kind === 'wrapped') {
    return { role_id: proof.roleId, secret_id: await unwrap(vault, proof) };
  }
  try {
    return { role: proof.role, jwt: readFileSync(proof.jwtFile, 'utf8').trim() };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new VaultFault('refused', `${proof.jwtFile} cannot be read: ${code}.`);
  }
}

function factsOf(data: Readonly<Record<string, unknown>>): TokenFacts {
  const policies = data['policies'];
  return {
    accessor: typeof data['accessor'] === 'string' ? data['accessor'] : '',
    policies: Array.isArray(policies) ? policies.map(String) : [],
    ttlSeconds: Number(data['ttl'] ?? data['lease_duration'] ?? 0),
    renewable: data['renewable'] === true,
  };
}
