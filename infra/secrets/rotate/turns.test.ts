import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { isStuck } from '../doctor/stuck.js';
import { Kv } from '../vault/kv.js';
import { PlayedVault } from '../vault/played-vault.js';
import { DbTurn } from './db.js';
import type { Ground } from './document-turn.js';
import type { Journal } from './journal.js';
import { abort, begin, resume } from './rotation.js';
import type { Rotator } from './rotation.js';
import { ResticTurn } from './restic.js';
import { TokenTurn } from './token.js';

const DOCUMENT = 'kv/data/ofitec/prod';
const urlOf = (user: string, password: string): string =>
  `postgres://${user}:${password}@db/ofitec`;

let folder: string;
let vault: PlayedVault;
let rotator: Rotator;
const said: string[] = [];

beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'ofitec-test-turns-'));
  vault = new PlayedVault();
  said.splice(0);
  const report = (line: string): void => void said.push(line);
  rotator = { kv: new Kv(vault), runbook: join(folder, 'runbook.md'), report };
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

const journal = (secret: string): Partial<Journal> => vault.at(`kv/data/ofitec-rotation/${secret}`);

/** The logins of a PostgreSQL, and who is connected. */
class PlayedLogins {
  readonly done: string[] = [];
  readonly passwords = new Map([['ofitec_app', 'first']]);
  /** Connections of the old login at each look; then none. */
  connected: number[] = [];
  isStubborn = false;

  async demandPlain(login: string): Promise<void> {
    this.done.push(`demand ${login}`);
  }

  async open(login: string, password: string): Promise<void> {
    this.done.push(`open ${login}`);
    this.passwords.set(login, password);
  }

  async close(login: string): Promise<void> {
    this.done.push(`close ${login}`);
    if (!this.isStubborn) this.passwords.delete(login);
  }

  async sessionsOf(login: string): Promise<number> {
    const sessions = this.connected.shift() ?? 0;
    this.done.push(`${login} has ${sessions}`);
    return sessions;
  }

  async mayLogIn(url: string): Promise<boolean> {
    const { username, password } = new URL(url);
    return this.passwords.get(username) === password;
  }
}

describe('the turn of the database’s logins', () => {
  let logins: PlayedLogins;
  let rendered: string[];

  beforeEach(() => {
    [logins, rendered] = [new PlayedLogins(), []];
    vault.put(DOCUMENT, { DATABASE_URL: urlOf('ofitec_app', 'first'), OTHER: 'stays' });
  });

  function turn(more: { drainSeconds?: number; graceSeconds?: number } = {}): DbTurn {
    const { kv, report } = rotator;
    const renderHere = async (): Promise<void> => {
      rendered.push(userNow());
    };
    const ground: Ground = { kv, path: DOCUMENT, report, renderHere };
    const config = {
      ...{ adminUrlFile: 'none', key: 'DATABASE_URL', member: 'ofitec_app', canary: null },
      ...{ roles: ['ofitec_app_a', 'ofitec_app_b'] as const, drainSeconds: 30, graceSeconds: 0 },
      ...more,
    };
    return new DbTurn(config, ground, logins);
  }
  const userNow = (): string => new URL(String(vault.at(DOCUMENT)['DATABASE_URL'])).username;

  it('ends the old login when nobody has used it for the grace, and no earlier', async () => {
    logins.connected = [2, 0, 1, 0];
    await begin(turn({ graceSeconds: 1 }), rotator);
    const [last, ...looks] = logins.done.filter((each) => !/demand|open/.test(each)).toReversed();
    expect(last).toBe('close ofitec_app');
    // Gone and back again: the grace begins anew.
    expect(looks.toReversed().slice(0, 4)).toEqual([2, 0, 1, 0].map((n) => `ofitec_app has ${n}`));
    expect(looks.length).toBeGreaterThanOrEqual(5);
    expect([...logins.passwords.keys()]).toEqual(['ofitec_app_a']);
    expect([userNow(), rendered, vault.at(DOCUMENT)['OTHER']]).toEqual([
      ...['ofitec_app_a', ['ofitec_app_a'], 'stays'],
    ]);
    expect(said.join('\n')).toMatch(/2 connections of ofitec_app are left/);
    expect(vault.at('kv/data/ofitec-pending/db')).toMatchObject({ value: null });
    const password = logins.passwords.get('ofitec_app_a') ?? 'none';
    const entry = fs.readFileSync(join(folder, 'runbook.md'), 'utf8');
    expect(entry.includes(password) || said.join().includes(password)).toBe(false);
  });

  it('ends nobody who is connected: it stops, and says where to look', async () => {
    logins.connected = Array.from({ length: 100 }, () => 3);
    await expect(begin(turn({ drainSeconds: 0 }), rotator)).rejects.toThrow(
      /3 connections of ofitec_app do not end: .*Render there, and --resume/,
    );
    expect(logins.done).not.toContain('close ofitec_app');
    expect(journal('db').state).toBe('RENDERED');
    logins.connected = [];
    await resume(turn(), rotator);
    expect(logins.done.at(-1)).toBe('close ofitec_app');
  });

  it('sees whether the old login is refused, and not the new one ended', async () => {
    logins.isStubborn = true;
    await expect(begin(turn(), rotator)).rejects.toThrow('ofitec_app is still let in');
    expect(journal('db').state).toBe('DRAINED');
    // Somebody put the old one back by hand.
    vault.put(DOCUMENT, { DATABASE_URL: urlOf('ofitec_app', 'first') });
    const before = logins.done.length;
    await expect(resume(turn(), rotator)).rejects.toThrow('ofitec_app is in use');
    expect(logins.done.slice(before)).toEqual([]);
  });

  it.each([
    ['TESTED', 'kv/data/ofitec-rotation/db', true],
    ['PROMOTED', DOCUMENT, false],
  ])('killed before %s is written, it is taken back: %s', async (_, path, may) => {
    // The one effect of the step is done, and nobody noted it.
    vault.watch = (asked, { body }, when) => {
      const isIt =
        path === DOCUMENT ? when === 'after' : JSON.stringify(body ?? '').includes('TESTED');
      if (body && asked === path && isIt) throw new Error('killed');
    };
    await expect(begin(turn(), rotator)).rejects.toThrow('killed');
    vault.watch = () => undefined;
    const [user, passwords] = [userNow(), [...logins.passwords]];
    if (may) {
      await abort(turn(), rotator);
      expect(logins.done.filter((each) => each.startsWith('close'))).toEqual([
        'close ofitec_app_a',
      ]);
      expect([userNow(), [...logins.passwords.keys()]]).toEqual(['ofitec_app', ['ofitec_app']]);
      expect(vault.at('kv/data/ofitec-pending/db')).toMatchObject({ value: null });
    } else {
      await expect(abort(turn(), rotator)).rejects.toThrow('It was promoted: go on with --resume');
      expect([userNow(), [...logins.passwords]]).toEqual([user, passwords]);
      expect(userNow()).toBe('ofitec_app_a');
      await resume(turn(), rotator);
      expect([...logins.passwords.keys()]).toEqual(['ofitec_app_a']);
    }
  });

  it('that was half taken back is not gone on with', async () => {
    vault.watch = (path, { body }) => {
      if (JSON.stringify(body)?.includes('ABORTED')) throw new Error('killed');
      if (path === DOCUMENT && body) throw new Error('stops before it is promoted');
    };
    await expect(begin(turn(), rotator)).rejects.toThrow('stops');
    await expect(abort(turn(), rotator)).rejects.toThrow('killed');
    vault.watch = () => undefined;
    await expect(resume(turn(), rotator)).rejects.toThrow('--abort');
    expect((await abort(turn(), rotator)).state).toBe('ABORTED');
    const entry = fs.readFileSync(join(folder, 'runbook.md'), 'utf8');
    expect(entry.trim().split('\n')).toHaveLength(1);
  });
});

describe('the turn of a repository’s password', () => {
  it('gives restic its password by a file that never had a name, and by nothing else', async () => {
    const program = join(folder, 'restic');
    const key = { id: 'first', userName: 'somebody', current: true };
    const script = `#!/bin/bash
{ echo "$@"; env; readlink /proc/self/fd/3; stat -Lc %a /proc/self/fd/3; } > ${folder}/seen
cat /dev/fd/3 > ${folder}/password
echo '${JSON.stringify([key])}'
`;
    fs.writeFileSync(program, script, { mode: 0o755 });
    vault.put(DOCUMENT, { RESTIC_PASSWORD: 'the-old-password' });
    const { kv, report } = rotator;
    const renderHere = (): Promise<void> => Promise.resolve();
    const config = { repository: 'repository', key: 'RESTIC_PASSWORD', program, graceSeconds: 0 };
    const turn = new ResticTurn(config, { kv, path: DOCUMENT, report, renderHere });
    expect(await turn.look()).toEqual({ from: 'first', to: 'a new key' });
    expect(fs.readFileSync(join(folder, 'password'), 'utf8')).toBe('the-old-password');
    const seen = fs.readFileSync(join(folder, 'seen'), 'utf8');
    expect(seen).toMatch(/^\/dev\/shm\/#\d+ \(deleted\)\n600$/m);
    expect(seen).not.toContain('the-old-password');
    // What it says of a fault is told without it.
    const faulty = '#!/bin/bash\necho "wrong: $(cat /dev/fd/3)" >&2; exit 1\n';
    fs.writeFileSync(program, faulty, { mode: 0o755 });
    await expect(turn.look()).rejects.toThrow('restic key list: wrong: …');
  });
});

const ROLE = 'auth/approle/role/ofitec-reader';

describe('the turn of a host’s secret id', () => {
  let file: string;
  /** Accessors by secret id, with the rotation that made them. */
  let ids: Map<string, { accessor: string; rotation: string | null }>;

  beforeEach(() => {
    file = join(folder, 'secret_id');
    fs.writeFileSync(file, 'old-id\n', { mode: 0o600 });
    ids = new Map([
      ['old-id', { accessor: 'old', rotation: null }],
      ['of-another-host', { accessor: 'another', rotation: null }],
      ['by-another-rotation', { accessor: 'further', rotation: 'another' }],
    ]);
    vault.others = (path, { body }) => answer(path, (body ?? {}) as Record<string, string>);
  });

  function answer(path: string, body: Record<string, string>): Record<string, unknown> | undefined {
    const found = [...ids].find(([, { accessor }]) => accessor === body['secret_id_accessor']);
    if (path === `${ROLE}/secret-id/lookup`) {
      return { secret_id_accessor: ids.get(body['secret_id'] ?? '')?.accessor };
    }
    if (path === `${ROLE}/secret-id`) {
      const { rotation } = JSON.parse(body['metadata'] ?? '{}') as { rotation: string };
      const made = { accessor: `made-${ids.size}`, rotation };
      ids.set(`new-id-${ids.size}`, made);
      return { secret_id: [...ids.keys()].at(-1), secret_id_accessor: made.accessor };
    }
    if (path === `${ROLE}/secret-id?list=true`) {
      return { keys: [...ids.values()].map(({ accessor }) => accessor) };
    }
    if (path === `${ROLE}/secret-id-accessor/lookup`) {
      return { metadata: { rotation: found?.[1].rotation }, expiration_time: '' };
    }
    if (path === `${ROLE}/secret-id-accessor/destroy`) {
      ids.delete(found?.[0] ?? '');
      return {};
    }
    return undefined;
  }

  const turn = (): TokenTurn => {
    const config = { role: 'ofitec-reader', mount: 'approle', file, roleId: 'role' };
    return new TokenTurn(config, vault);
  };
  const accessors = (): string[] => [...ids.values()].map(({ accessor }) => accessor);

  /** Begins one that is killed after an effect: the answer to a request never comes. */
  async function killedAt(path: string): Promise<void> {
    vault.watch = (asked, _, when) => {
      if (asked === path && when === 'after') throw new Error('killed');
    };
    await expect(begin(turn(), rotator)).rejects.toThrow('killed');
    vault.watch = () => undefined;
  }

  it('taken back leaves nothing that was made, and the host’s own', async () => {
    await killedAt(`${ROLE}/secret-id`);
    expect(accessors()).toHaveLength(4);
    await abort(turn(), rotator);
    expect(accessors()).toEqual(['old', 'another', 'further']);
    expect(fs.readFileSync(file, 'utf8')).toBe('old-id\n');
  });

  it('is not taken back once the host has the new one, noted or not', async () => {
    // It was stored; what fails is the sign-in that tries it, or already the note of it.
    await expect(begin(turn(), rotator)).rejects.toThrow('there is nothing');
    expect(journal('token').state).toBe('STORED');
    await expect(abort(turn(), rotator)).rejects.toThrow('It was promoted (STORED)');
    vault.put('kv/data/ofitec-rotation/token', { ...journal('token'), state: 'BEGUN' });
    await expect(abort(turn(), rotator)).rejects.toThrow('It was promoted: go on with --resume');
    expect(accessors()).toEqual(['old', 'another', 'further', 'made-3']);
  });

  it('revokes the old one and what it left itself, and nothing of others', async () => {
    await killedAt(`${ROLE}/secret-id`);
    await expect(resume(turn(), rotator)).rejects.toThrow('there is nothing');
    vault.put('kv/data/ofitec-rotation/token', { ...journal('token'), state: 'TESTED' });
    await resume(turn(), rotator);
    expect(accessors()).toEqual(['another', 'further', 'made-4']);
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
  });
});

describe('a rotation that stands', () => {
  const rotations = {
    db: { drainSeconds: 2_400, graceSeconds: 60 },
    restic: { graceSeconds: 7_200 },
    sessionKey: { announceSeconds: 900 },
  } as Parameters<typeof isStuck>[2];
  it.each([
    ['db', 'TESTED', 0],
    ['db', 'RENDERED', 2_460],
    ['restic', 'RENDERED', 7_200],
    ['restic', 'ADDED', 0],
    ['session-key', 'ANNOUNCED', 900],
    ['session-key', 'RENDERED', 0],
    ['token', 'STORED', 0],
  ] as const)(
    '%s at %s is stuck after a quarter of an hour, and the %i s that it waits',
    (secret, state, waits) => {
      const at = (ageSeconds: number, now: string = state): boolean =>
        isStuck(secret, { journal: { state: now } as Journal, version: 1, ageSeconds }, rotations);
      expect([at(900 + waits), at(901 + waits)]).toEqual([false, true]);
      expect([at(1e9, 'LOGGED'), at(1e9, 'ABORTED'), isStuck(secret, null, rotations)]).toEqual(
        Array.from({ length: 3 }, () => false),
      );
    },
  );
});
