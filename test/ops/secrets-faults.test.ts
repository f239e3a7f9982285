import { readdirSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { SecretsSite } from '#test';
import type { SecretsLab } from '#test';

/** What each bad day of Vault is called in what a person reads. */
const FAULTS = {
  down: 'cannot be reached',
  slow: 'no answer',
  denied: '403',
  limited: '429',
  standby: 'stands by',
  sealed: 'is sealed',
} as const;

/** Who runs each command, and how. */
const COMMANDS = {
  setup: ['root', 'setup'],
  wrap: ['root', 'wrap', '--role', 'ofitec-reader', '--out', 'host/wrap'],
  render: ['reader', 'render'],
  restore: ['root', 'restore'],
  'rotate db': ['rotator', 'rotate', 'db'],
  'rotate restic': ['rotator', 'rotate', 'restic'],
  'rotate session-key': ['rotator', 'rotate', 'session-key'],
  'rotate token': ['rotator', 'rotate', 'token'],
  'rotate --status': ['rotator', 'rotate', 'db', '--status'],
  lease: ['totp', 'lease'],
  'totp add': ['totp', 'totp', 'add', '--name', 'ana', '--out', 'host/ana.url'],
  'totp recover': [
    ...['totp', 'totp', 'recover', '--name', 'ana', '--out', 'host/ana.url'],
    ...['--code-file', 'host/code'],
  ],
  'totp remove': ['totp', 'totp', 'remove', '--name', 'ana'],
  'totp list': ['totp', 'totp', 'list'],
  doctor: ['doctor', 'doctor'],
} as const;

/** Each command on each bad day of Vault: it says which, and leaves everything as it was. */
describe('commands about secrets on bad days', () => {
  let site: SecretsSite;
  let lab: SecretsLab;

  beforeAll(async () => {
    site = await SecretsSite.open();
    lab = site.lab;
    const place = new URL(site.postgres.urls.application).host;
    const lease = { url: `postgres://${place}/ofitec`, file: lab.file('host/leased') };
    lab.configure({ ...site.config, lease });
    const made = await run('totp add').end();
    expect([made.code, made.output]).toEqual([0, expect.stringContaining('8 recovery codes')]);
    const [code = ''] = lab.read('host/ana.url.codes').split('\n');
    writeFileSync(lab.file('host/code'), code, { mode: 0o600 });
    // What hosts have is not what Vault has: a command that goes on would be seen.
    await lab.put({ ...(await lab.get()), SECRET_KEY: 'n'.repeat(60) });
  }, 300_000);

  afterAll(() => site?.close());

  function run(command: keyof typeof COMMANDS): ReturnType<SecretsLab['start']> {
    const [who, ...args] = COMMANDS[command];
    const own = args.map((arg) => (arg.startsWith('host/') ? lab.file(arg) : arg));
    const as = who === 'root' ? { VAULT_TOKEN: lab.bao.rootToken } : lab.signedInAs(who);
    return lab.start(own, as);
  }

  it.each(Object.entries(FAULTS))(
    '%s: every command says so, and changes nothing',
    async (fault, says) => {
      const before = await site.state();
      if (fault === 'sealed') await lab.bao.seal();
      else await lab.faulty.set(fault as 'down');
      const names = Object.keys(COMMANDS) as (keyof typeof COMMANDS)[];
      const results = [];
      // Three at a time: each is a process of its own.
      for (let n = 0; n < names.length; n += 3) {
        const some = names
          .slice(n, n + 3)
          .map(async (name) => ({ name, ...(await run(name).end()) }));
        results.push(...(await Promise.all(some)));
      }
      if (fault === 'sealed') await lab.bao.unseal();
      else await lab.faulty.set('none');
      expect(results.map(({ name, code }) => [name, code])).toEqual(
        names.map((name) => [name, name === 'doctor' ? 2 : 1]),
      );
      const silent = results.filter(({ output }) => !output.includes(says));
      expect(silent).toEqual([]);
      const traces = results.filter(({ output }) => /\n\s+at |undefined|\[object/.test(output));
      expect(traces).toEqual([]);
      expect(await site.state()).toEqual(before);
      expect(readdirSync(lab.file('host')).filter((name) => name.startsWith('.'))).toEqual([]);
    },
    900_000,
  );

  it('would see a command that goes on: with Vault well each of them works', async () => {
    const before = await site.state();
    expect(await run('render').end()).toMatchObject({ code: 0 });
    expect(await run('totp recover').end()).toMatchObject({ code: 0 });
    expect(await site.state()).not.toEqual(before);
  });
});
