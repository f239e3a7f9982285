import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { PlayedVault } from '../vault/played-vault.js';
import { VaultFault } from '../vault/vault-fault.js';
import { Door } from './door.js';
import { TotpKeys } from './keys.js';

/** The door and what it asks of Vault; with a real one and real proxies in test/ops. */
describe('the door before dashboards', () => {
  let server: Server;
  let now = 1_000_000;
  /** Codes that Vault would take; it forgets which were used, as one does whose leader died. */
  let good: string[] = [];
  let isAway = false;

  beforeEach(async () => {
    [good, isAway] = [['123456'], false];
    const judge = async (_: string, code: string): Promise<boolean> => {
      if (isAway) throw new VaultFault('unreachable', 'Vault is away.');
      return good.includes(code);
    };
    server = await new Door(judge, () => now).listen(0, '127.0.0.1');
  });
  afterEach(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  async function ask(
    path: string,
    of: { cookie?: string; form?: Record<string, string> } = {},
  ): Promise<{ status: number; cookie: string; user: string }> {
    const { port } = server.address() as AddressInfo;
    const headers = { ...(of.cookie ? { cookie: of.cookie } : {}) };
    const method = of.form ? 'POST' : 'GET';
    return new Promise((resolve, reject) => {
      const asked = request(
        { host: '127.0.0.1', port, path, method, headers, agent: false },
        (answer) => {
          answer.resume();
          const [cookie = ''] = answer.headers['set-cookie'] ?? [];
          const user = String(answer.headers['x-door-user'] ?? '');
          resolve({ status: answer.statusCode ?? 0, cookie: cookie.split(';')[0] ?? '', user });
        },
      );
      asked.once('error', reject);
      asked.end(of.form ? new URLSearchParams(of.form).toString() : undefined);
    });
  }
  const give = (code: string, name = 'ana'): ReturnType<typeof ask> =>
    ask('/door', { form: { name, code } });

  it('takes a code once, also when Vault has forgotten that it was used', async () => {
    expect((await give('123456')).status).toBe(303);
    expect((await give('123456')).status).toBe(403);
    // Another person's app may show the same one.
    expect((await give('123456', 'eva')).status).toBe(303);
    now += 119_000;
    expect((await give('123456')).status).toBe(403);
    now += 2_000;
    expect((await give('123456')).status).toBe(303);
  });

  it('does not spend a code that Vault could not judge', async () => {
    isAway = true;
    expect((await give('123456')).status).toBe(503);
    isAway = false;
    expect((await give('123456')).status).toBe(303);
  });

  it('keeps a session for eight hours, for the one who signed in', async () => {
    const { cookie } = await give('123456');
    expect(await ask('/door/check', { cookie })).toMatchObject({ status: 200, user: 'ana' });
    for (const forged of [
      cookie.replace('ana.', 'eva.'),
      cookie.replace(/\.(\d+)\./, (_, ends: string) => `.${Number(ends) + 1}.`),
      cookie.slice(0, -1),
      '',
    ]) {
      expect((await ask('/door/check', { cookie: forged })).status).toBe(401);
    }
    now += 8 * 3_600_000 - 1;
    expect((await ask('/door/check', { cookie })).status).toBe(200);
    now += 1;
    expect((await ask('/door/check', { cookie })).status).toBe(401);
  });

  it('closes for a name after five wrong codes in ten minutes, and for all after sixty', async () => {
    for (let n = 0; n < 5; n += 1) expect((await give('000000')).status).toBe(403);
    expect((await give('123456')).status).toBe(429);
    expect((await give('123456', 'eva')).status).toBe(303);
    now += 600_001;
    expect((await give('123456')).status).toBe(303);
    for (let n = 0; n < 60; n += 1) expect((await give('000000', `no${n}`)).status).toBe(403);
    expect((await give('123456', 'leo')).status).toBe(429);
  });

  it('asks Vault for keys of half a minute with one to either side, and judges once', async () => {
    const vault = new PlayedVault();
    const asked: unknown[] = [];
    let answer: Record<string, unknown> | VaultFault = { url: 'otpauth://totp/x' };
    vault.others = (path, { body, repeatable }) => {
      if (path.startsWith('kv/')) return undefined;
      asked.push([path, body, repeatable]);
      if (answer instanceof VaultFault) throw answer;
      return answer;
    };
    const keys = new TotpKeys(vault);
    await keys.make('ana');
    const options = { generate: true, issuer: 'OFITEC', account_name: 'ana', exported: true };
    expect(asked).toEqual([['totp/keys/ana', { ...options, skew: 1 }, undefined]]);
    for (const [told, is] of [
      [{ valid: true }, true],
      [{ valid: false }, false],
      [{}, false],
      [{ valid: 'true' }, false],
      [new VaultFault('refused', 'code already used; wait until the next time period'), false],
      [new VaultFault('broken', 'x: 500 (code already used; wait)', true), false],
      [new VaultFault('broken', 'x: 500 (unknown key: ana)', true), false],
      [new VaultFault('absent', 'there is nothing'), false],
    ] as const) {
      answer = told;
      expect(await keys.judge('ana', '123456')).toBe(is);
    }
    expect(asked.at(-1)).toEqual(['totp/code/ana', { code: '123456' }, undefined]);
    const before = asked.length;
    for (const [name, code] of [
      ['ana', '12345'],
      ['ana', '1234567'],
      ['ana', ' 23456'],
      ['../kv', '123456'],
      ['Ana', '123456'],
    ] as const) {
      expect(await keys.judge(name, code)).toBe(false);
    }
    expect(asked).toHaveLength(before);
    answer = new VaultFault('sealed', 'Vault is sealed.');
    await expect(keys.judge('ana', '123456')).rejects.toThrow('sealed');
  });
});
