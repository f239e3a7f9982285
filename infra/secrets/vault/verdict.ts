import type { Unanswered } from '../../failover/dns/ask.js';
import { VaultFault } from './vault-fault.js';

/** An answer that says so with another status was not fulfilled either. */
const STANDBY = [472, 473];

/** What an answer that fulfils nothing means. */
export function faultOf(status: number, path: string, said: string): VaultFault {
  const sentence = `${path}: Vault answers ${status}${said ? ` (${said})` : ''}`;
  if (status === 400 && /check-and-set parameter did not match/.test(said)) {
    return new VaultFault('conflict', `${path}: somebody else wrote it meanwhile.`);
  }
  if (status === 403) {
    return new VaultFault(
      'denied',
      path.endsWith('/login')
        ? `${sentence}.`
        : `${sentence}: the token has ended, or its policy does not allow it.`,
    );
  }
  if (status === 404) return new VaultFault('absent', `${path}: there is nothing.`);
  // A limit has words; without any it is a standby that is behind what we know, and may not forward.
  if (status === 412 || (status === 429 && said === '')) {
    return new VaultFault('standby', `${path}: Vault stands by, and has not caught up yet.`);
  }
  if (status === 429) return new VaultFault('limited', `${sentence}: it limits how often we ask.`);
  if (STANDBY.includes(status) || saysStandby(status, said)) {
    return new VaultFault('standby', `${path}: Vault stands by, and no server is active.`);
  }
  if (status >= 500) return new VaultFault('broken', sentence, status !== 503);
  return new VaultFault('refused', sentence);
}

/** Between two leaders a server says so with 503, or with 500 where it was about to pass a request on. */
function saysStandby(status: number, said: string): boolean {
  if (status === 503) return /active|standby|leader/i.test(said);
  return status === 500 && /active cluster node not found/.test(said);
}

/** What it means that no answer came. */
export function unanswered(url: string, { message, connected, code }: Unanswered): VaultFault {
  const { host } = new URL(url);
  if (/CERT|SIGNED|ISSUER|ALTNAME/.test(code)) {
    const sentence = `Vault ${host} cannot be believed: its certificate says ${code}.`;
    return new VaultFault('distrusted', sentence);
  }
  if (connected) return new VaultFault('silent', `Vault ${host} gave no answer: ${code}.`, true);
  return new VaultFault('unreachable', `Vault cannot be reached: ${message}.`);
}

/** What Vault says is wrong, without anything that we sent. */
export function sayings(
  body: Readonly<Record<string, unknown>> | null,
  sent: object | undefined,
  token: string | null,
): string {
  const errors = Array.isArray(body?.['errors']) ? (body['errors'] as unknown[]) : [];
  const text = errors.map(String).join('; ').replace(/\s+/g, ' ').trim();
  return withoutTexts(text, [token ?? '', ...textsIn(sent)]).slice(0, 300);
}

/** A sentence without texts that must not be told, also as JSON or one line would write them. */
export function withoutTexts(said: string, texts: readonly string[]): string {
  const forms = texts.flatMap((text) => [
    ...[text, JSON.stringify(text).slice(1, -1), text.replace(/\s+/g, ' ').trim()],
    ...text.split('\n').map((line) => line.trim()),
  ]);
  // The longest first: a shorter one may be a part of it, and would leave the rest.
  const hidden = [...new Set(forms)]
    .filter(({ length }) => length > 3)
    .toSorted((one, other) => other.length - one.length);
  return hidden.reduce((rest, each) => rest.replaceAll(each, '…'), said);
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(textsIn);
}
