import { describe, expect, it } from '@jest/globals';
import { assert, property, string, uint8Array } from 'fast-check';
import { Webhook } from 'standardwebhooks';
import { WEBHOOK_WINDOW_SECONDS, webhookFault, webhookSecretsOf } from './webhook.signature.js';

const secretOf = (bytes: Uint8Array): string => `whsec_${Buffer.from(bytes).toString('base64')}`;
const [ONE, TWO] = [secretOf(Buffer.alloc(32, 7)), secretOf(Buffer.alloc(24, 9))] as const;
const now = new Date('2026-11-22T12:00:00.700Z');

/** Signed by the reference implementation of Standard Webhooks. */
function signed(body: string, secret = ONE, at = now, id = 'msg_1') {
  const timestamp = String(Math.floor(at.getTime() / 1000));
  return { id, timestamp, signature: new Webhook(secret).sign(id, at, body) };
}

describe('the signature of a webhook', () => {
  it('is that of Standard Webhooks, for every body and secret', () => {
    const secret = uint8Array({ minLength: 24, maxLength: 64 }).map(secretOf);
    const body = string({ unit: 'grapheme', maxLength: 200 });
    assert(
      property(body, secret, (text, key) => {
        expect(webhookFault([key], signed(text, key), text, now)).toBeNull();
        expect(webhookFault([key], signed(text, key), `${text} `, now)).toBe('signature');
      }),
    );
  });

  it('is of one of the secrets', () => {
    expect(webhookFault([TWO, ONE], signed('x'), 'x', now)).toBeNull();
    expect(webhookFault([TWO], signed('x'), 'x', now)).toBe('signature');
    expect(webhookFault([], signed('x'), 'x', now)).toBe('no-secret');
  });

  it('may be one of several', () => {
    const headers = signed('x');
    const several = `v1,AAAA v1a,BBBB ${signed('x', TWO).signature}`;
    expect(webhookFault([TWO], { ...headers, signature: several }, 'x', now)).toBeNull();
    const buried = `${'v1,AAAA '.repeat(8)}${headers.signature}`;
    expect(webhookFault([ONE], { ...headers, signature: buried }, 'x', now)).toBe('signature');
  });

  it.each([
    [-WEBHOOK_WINDOW_SECONDS, null],
    [-WEBHOOK_WINDOW_SECONDS - 1, 'too-old'],
    [WEBHOOK_WINDOW_SECONDS, null],
    [WEBHOOK_WINDOW_SECONDS + 1, 'too-new'],
  ])('is %i seconds from now: %s', (seconds, fault) => {
    const at = new Date(now.getTime() + seconds * 1000);
    expect(webhookFault([ONE], signed('x', ONE, at), 'x', now)).toBe(fault);
  });

  it.each([
    { id: '' },
    { id: 'a b' },
    { id: 'ñ' },
    { timestamp: '' },
    { timestamp: '1.5e9' },
    { timestamp: '-1' },
    { signature: '' },
  ])('has its headers: not %j', (odd) => {
    expect(webhookFault([ONE], { ...signed('x'), ...odd }, 'x', now)).toBe('headers');
  });

  it('is no other time’s, name’s or kind’s', () => {
    const headers = signed('x');
    const next = String(Number(headers.timestamp) + 1);
    expect(webhookFault([ONE], { ...headers, timestamp: next }, 'x', now)).toBe('signature');
    expect(webhookFault([ONE], { ...headers, id: 'msg_2' }, 'x', now)).toBe('signature');
    const bare = headers.signature.slice(3);
    for (const signature of [bare, `v2,${bare}`, 'v1,', 'v1', `v1,${bare.slice(0, -4)}`]) {
      expect(webhookFault([ONE], { ...headers, signature }, 'x', now)).toBe('signature');
    }
  });
});

describe('secrets by name', () => {
  it('may be two, and none of them is short', () => {
    const list = `a=${ONE}, b=x ,a=${TWO},a=whsec_YWJj,ab=${TWO}`;
    expect(webhookSecretsOf(list, 'a')).toEqual([ONE, TWO]);
    expect(webhookSecretsOf(list, 'b')).toEqual([]);
    expect(webhookSecretsOf(list, 'c')).toEqual([]);
    expect(webhookSecretsOf(list, null)).toEqual([]);
    expect(webhookSecretsOf(undefined, 'a')).toEqual([]);
  });
});
