import { generateSync } from 'otplib';
import type { Client } from './client.js';

/** The code that an authenticator app with the secret shows at an instant. */
export function codeOf(secret: string, at: Date): string {
  return generateSync({ secret, epoch: Math.floor(at.getTime() / 1000) });
}

/** Enrols an app for the client's user; the client goes on with the token that this gives. @returns its secret and the recovery codes */
export async function enrolApp(
  client: Client,
  at: Date,
): Promise<{ secret: string; recoveryCodes: string[] }> {
  const begun = await client.post('auth/totp');
  const { secret } = begun.body as { secret: string };
  const confirmed = await client.post('auth/totp/confirm', { code: codeOf(secret, at) });
  if (confirmed.status !== 200) throw new Error(`not enrolled: ${confirmed.text}`);
  const { token, recoveryCodes } = confirmed.body as { token: string; recoveryCodes: string[] };
  client.token = token;
  return { secret, recoveryCodes };
}
