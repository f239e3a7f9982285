import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { kernel, OpenBao, playbook, run, SecretsSite } from '#test';
import type { Ended, SecretsLab } from '#test';

const ROTATION = 'infra/secrets/rotation.md';

/** What the pages about secrets say, command by command, at a real OpenBao, PostgreSQL and restic. */
describe('the playbooks about secrets', () => {
  let site: SecretsSite;
  let lab: SecretsLab;
  let folder: string;
  let path: string;
  /** Blocks that were run, so that none is forgotten. */
  const followed = new Set<string>();

  beforeAll(async () => {
    site = await SecretsSite.open({ shares: 3, threshold: 2 });
    lab = site.lab;
    folder = lab.file('person');
    mkdirSync(folder);
    const bao = `exec ${lab.bao.binary} "$@"`;
    const npx = `[ "$1" = ofitec ] && shift; ${playbook.OFITEC}`;
    // The same commands without the house, which takes seconds to start; the doctor comes through it.
    const own = `exec ${process.execPath} ${resolve('dist/infra/secrets/main.js')} "$@"`;
    const alone = `if [ "$2" = secrets ] && [ "$3" != doctor ]; then shift 2; ${own}; fi`;
    const bin = playbook.writeShims(folder, { npx: [alone, npx], bao: [bao] });
    path = `${bin}:${process.env['PATH'] ?? ''}:/usr/lib/postgresql/15/bin`;
  }, 300_000);

  afterAll(() => site?.close());

  /** The blocks of a page below a heading, or all. */
  function blocks(page: string, heading = ''): playbook.Block[] {
    const text = playbook.pageOf(page).replace(/^ {2,3}/gm, '');
    const [, rest = ''] = heading === '' ? ['', text] : text.split(`\n## ${heading}\n`);
    const part = heading === '' ? rest : (rest.split('\n## ')[0] ?? '');
    return playbook.blocksOf(part).filter(({ host }) => host !== '');
  }

  function follow(block: playbook.Block, more: Record<string, string> = {}): Promise<Ended> {
    followed.add(block.text);
    const admin = { ...baoOf(lab.bao), AUDIT_LOG: join(lab.bao.folder, 'audit.log') };
    const database = new URL(site.postgres.urls.owner);
    const hosts: Readonly<Record<string, Record<string, string>>> = {
      rotator: lab.signedInAs('rotator'),
      rotador: lab.signedInAs('rotator'),
      host: lab.signedInAs('reader'),
      maquina: lab.signedInAs('reader'),
      doctor: lab.signedInAs('doctor'),
      admin,
      postgres: {
        ...{ PGHOST: database.hostname, PGPORT: database.port, PGDATABASE: 'ofitec' },
        ...{ PGUSER: 'postgres', PGPASSWORD: database.password },
      },
      fresh: {},
      enrolled: {},
    };
    const env = hosts[block.host];
    if (!env) throw new Error(`Nobody is "${block.host}".`);
    const all = { ...lab.environment, ...env, PATH: path, HOME: folder, ...more };
    return run('bash', ['-eu', '-o', 'pipefail', '-c', block.text], {
      cwd: folder,
      env: all,
    }).end();
  }

  const baoOf = (bao: OpenBao): Record<string, string> => ({
    ...{ BAO_ADDR: bao.url, BAO_CACERT: bao.caFile, BAO_TOKEN: bao.rootToken },
  });

  async function well(block: playbook.Block, more?: Record<string, string>): Promise<string> {
    const { code, output } = await follow(block, more);
    expect([block.text, code, output]).toEqual([block.text, 0, output]);
    return output;
  }

  const loginNow = async (): Promise<string> =>
    new URL((await lab.get())['DATABASE_URL'] ?? '').username;

  it('every month: everything is another one afterwards', async () => {
    const before = await lab.get();
    for (const block of blocks(ROTATION, 'Every month')) await well(block);
    const after = await lab.get();
    for (const key of ['DATABASE_URL', 'RESTIC_PASSWORD', 'SECRET_KEY']) {
      expect([key, after[key] === before[key]]).toEqual([key, false]);
    }
    expect(site.entries()).toHaveLength(4);
    expect(site.restic('restore', 'latest', '--target', lab.file('back')).code).toBe(0);
    expect(lab.read(`back${lab.file('data')}`)).toBe('what must come back');
  }, 600_000);

  it('at once: what leaked is good for nothing', async () => {
    const [first, kill, ...rest] = blocks(ROTATION, 'At once, because one leaked');
    if (!first || !kill) throw new Error('There are no such blocks.');
    const leaked = await loginNow();
    await well(first);
    expect(await loginNow()).not.toBe(leaked);

    // Somebody does not let go of the next one, until they must.
    const old = await loginNow();
    const held = kernel.clientTo((await lab.get())['DATABASE_URL'] ?? '');
    const ended = new Promise((resolve) => held.once('error', resolve));
    held.on('error', () => undefined);
    await held.connect();
    const rotating = lab.as('rotator', 'rotate', 'db');
    await rotating.until(/^RENDERED/m);
    await well(kill, { OLD: old });
    await ended;
    expect((await rotating.end()).code).toBe(0);

    const path = 'auth/approle/role/ofitec-reader/secret-id';
    const spare = await lab.bao.call('POST', path, {});
    const ACCESSOR = String(spare.body.data?.['secret_id_accessor']);
    const token = await lab.bao.call('POST', 'auth/token/create', { policies: ['ofitec-reader'] });
    const { accessor, client_token: given } = token.body['auth'] as Record<string, string>;
    const before = await lab.get();
    const said: string[] = [];
    for (const block of rest) {
      said.push(await well(block, { ACCESSOR, TOKEN_ACCESSOR: accessor ?? '' }));
    }
    expect(await site.secretIds()).not.toContain(ACCESSOR);
    expect((await lab.bao.call('GET', 'kv/data/ofitec/prod', undefined, given)).status).toBe(403);
    expect((await lab.get())['RESTIC_PASSWORD']).not.toBe(before['RESTIC_PASSWORD']);
    expect(said.at(-1)).toMatch(/\d+ "path":"kv\/data\/ofitec\/prod"/);
  }, 600_000);

  it('the playbooks of the alerts: looked at, gone on with, rotated', async () => {
    await lab.rotateUntil('TESTED', 'db');
    const [look, ...rest] = blocks('runbooks/playbooks/rotation_stuck.md');
    if (!look) throw new Error('There is no such block.');
    expect(await well(look)).toMatch(/TESTED, unfinished/);
    for (const block of rest) expect(await well(block)).toContain('LOGGED');
    for (const page of ['secret_expiring', 'vault_unavailable']) {
      const some = blocks(`runbooks/playbooks/${page}.md`);
      expect(some.length).toBeGreaterThan(0);
      for (const block of some) await well(block);
    }
    // That the last one tells what is wrong is what it is for.
    const [check] = blocks('runbooks/playbooks/vault_unavailable.md');
    await lab.faulty.set('limited');
    const { code, output } = await follow(check ?? { host: 'maquina', text: 'true' });
    await lab.faulty.set('none');
    expect([code, output]).toEqual([1, expect.stringContaining('429')]);
  }, 600_000);

  it('unseal keys are lost: enough are left, or a new server begins with the files of a host', async () => {
    const [shares, fresh, enrolled, ...rest] = blocks(ROTATION, 'The unseal keys are lost');
    if (!shares || !fresh || !enrolled) throw new Error('There are no such blocks.');
    expect(rest).toEqual([]);
    const old = lab.bao.unsealKeys;
    // The second of three is lost.
    for (const [n, share] of [old[0], old[2]].entries()) {
      writeFileSync(join(folder, `share-${n + 1}`), `${share}\n`, { mode: 0o600 });
    }
    await well(shares);
    const { keys_base64: made } = JSON.parse(lab.read('person/new-shares.json')) as {
      keys_base64: string[];
    };
    expect(made).toHaveLength(3);
    await lab.bao.seal();
    await lab.bao.call('PUT', 'sys/unseal', { key: old[0] });
    expect((await lab.bao.call('PUT', 'sys/unseal', { key: old[2] })).status).toBe(400);
    await lab.bao.call('PUT', 'sys/unseal', { reset: true });
    await lab.bao.unseal(made.slice(1));
    const had = await lab.get();

    // Now too many are lost, and it is sealed for ever.
    await lab.bao.seal();
    const next = await OpenBao.open();
    try {
      const there = { VAULT_ADDR: next.url, VAULT_CACERT: next.caFile };
      const said = await well(fresh, { ...there, VAULT_TOKEN: next.rootToken });
      const roleId = /role ofitec-reader.*role id (\S+)/.exec(said)?.[1] ?? '';
      const wrapped = {
        VAULT_ROLE_ID: roleId,
        VAULT_WRAPPED_SECRET_ID_FILE: join(folder, 'host.wrap'),
      };
      expect(await well(enrolled, { ...there, ...wrapped })).toContain('Version 1');
      const { body } = await next.call('GET', 'kv/data/ofitec/prod');
      expect(body.data?.['data']).toEqual(had);
      // A second time it would write over what is newer.
      const newer = { options: { cas: 1 }, data: { ...had, SECRET_KEY: 'newer' } };
      await next.call('POST', 'kv/data/ofitec/prod', newer);
      const again = { ...fresh, text: 'npx ofitec secrets restore\n' };
      expect(await follow(again, { ...there, VAULT_TOKEN: next.rootToken })).toMatchObject({
        code: 1,
        output: expect.stringContaining('holds secrets already'),
      });
      // And an opened wrapping is found out.
      expect(await follow(enrolled, { ...there, ...wrapped })).toMatchObject({ code: 1 });
    } finally {
      await next.stop();
    }
  }, 600_000);

  it('leaves no command out', () => {
    const pages = ['rotation_stuck', 'secret_expiring', 'vault_unavailable'];
    const all = [
      ...blocks(ROTATION),
      ...pages.flatMap((page) => blocks(`runbooks/playbooks/${page}.md`)),
    ];
    expect(all.length).toBeGreaterThan(14);
    expect(all.filter(({ text }) => !followed.has(text))).toEqual([]);
  });
});
