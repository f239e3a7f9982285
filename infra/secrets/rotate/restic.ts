import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeSecretFile } from '../render/secret-file.js';
import type { Ground } from './db.js';
import type { Journal } from './journal.js';
import { Pending } from './pending.js';
import type { Rotation, Step } from './rotation.js';
import type { ResticRotation } from './rotations.config.js';
import { newPassword } from './scram.js';

/** A key of a repository, as `restic key list --json` tells it. */
interface Key {
  readonly id: string;
  readonly userName: string;
  readonly current: boolean;
}

const TIMEOUT_MS = 300_000;

/**
 * The password of a restic repository. Each rotation adds one key under its own name and removes the
 * one before, while both open it; backups taken earlier are opened by the new one. Who has the old
 * password and an old copy of the repository's keys opens that copy for ever: KV keeps the versions.
 */
export class ResticTurn implements Rotation {
  readonly secret = 'restic';
  readonly promotes = 'PROMOTED';
  private readonly pending: Pending;

  constructor(
    private readonly config: ResticRotation,
    private readonly ground: Ground,
  ) {
    this.pending = new Pending(ground.kv, this.secret);
  }

  get steps(): readonly Step[] {
    return [
      {
        state: 'GENERATED',
        summary: 'a password waits in Vault',
        act: ({ id }) => this.pending.ensure(id, newPassword),
      },
      {
        state: 'ADDED',
        summary: 'the repository has its key',
        act: (journal) => this.add(journal),
      },
      { state: 'TESTED', summary: 'it opens the repository', act: (journal) => this.test(journal) },
      {
        state: 'PROMOTED',
        summary: 'hosts render it from now on',
        act: (journal) => this.promote(journal),
      },
      {
        state: 'RENDERED',
        summary: 'this host has rendered it',
        act: () => this.ground.renderHere(),
      },
      { state: 'GRACE', summary: 'backups that ran have ended', act: () => this.wait() },
      { state: 'REMOVED', summary: 'the old key is gone', act: (journal) => this.remove(journal) },
      {
        state: 'REVOKED',
        summary: 'nothing of it waits in Vault',
        act: ({ id }) => this.pending.clear(id),
      },
    ];
  }

  async look(): Promise<{ from: string; to: string }> {
    const keys = await this.keys(await this.password());
    const current = keys.find((key) => key.current);
    if (!current) throw new Error('The password in Vault does not open the repository.');
    return { from: current.id, to: 'a new key' };
  }

  async undo(journal: Journal): Promise<void> {
    const password = await this.password();
    const next = await this.pending.of(journal.id).catch(() => null);
    if (next === password) throw new Error('It was promoted: go on with --resume.');
    for (const key of await this.named(password, journal)) {
      await this.restic(password, ['key', 'remove', key.id]);
    }
    await this.pending.clear(journal.id);
  }

  /** Adding twice would make two keys: one under the rotation's name is looked for first. */
  private async add(journal: Journal): Promise<void> {
    const password = await this.password();
    const next = await this.pending.of(journal.id);
    const known = await this.named(password, journal);
    if (known.length > 0) return;
    await withFile(next, (file) =>
      this.restic(password, [
        ...['key', 'add', '--new-password-file', file],
        ...['--user', nameOf(journal), '--host', hostname()],
      ]),
    );
  }

  private async test(journal: Journal): Promise<Record<string, string>> {
    const next = await this.pending.of(journal.id);
    const key = (await this.keys(next)).find(({ current }) => current);
    if (!key || key.userName !== nameOf(journal))
      throw new Error('The new password opens another key.');
    await this.restic(next, ['snapshots', '--json', '--latest', '1']);
    return { key: key.id };
  }

  private async promote({ id }: Journal): Promise<Record<string, string>> {
    const document = await this.ground.kv.get(this.ground.path);
    const next = await this.pending.of(id);
    if (document.data[this.config.key] === next) return { version: `${document.version}` };
    const data = { ...document.data, [this.config.key]: next };
    return { version: `${await this.ground.kv.write(this.ground.path, data, document.version)}` };
  }

  private async wait(): Promise<void> {
    await sleep(this.config.graceSeconds * 1_000);
  }

  private async remove(journal: Journal): Promise<void> {
    const password = await this.password();
    const keys = await this.keys(password);
    const current = keys.find((key) => key.current);
    if (!current || current.userName !== nameOf(journal)) {
      throw new Error('Another password is in use: no key is removed.');
    }
    if (keys.some(({ id }) => id === journal.from)) {
      await this.restic(password, ['key', 'remove', journal.from]);
    }
    await this.restic(password, ['check']);
  }

  private async named(password: string, journal: Journal): Promise<Key[]> {
    return (await this.keys(password)).filter(({ userName }) => userName === nameOf(journal));
  }

  private async keys(password: string): Promise<Key[]> {
    return JSON.parse(await this.restic(password, ['key', 'list', '--json'])) as Key[];
  }

  private async password(): Promise<string> {
    const { data } = await this.ground.kv.get(this.ground.path);
    const password = data[this.config.key];
    if (typeof password === 'string' && password !== '') return password;
    throw new Error(`${this.ground.path} has no ${this.config.key}.`);
  }

  /** The password goes by a file: arguments and variables are seen by others. */
  private async restic(password: string, args: readonly string[]): Promise<string> {
    const { program, repository } = this.config;
    return withFile(password, async (file) => {
      const all = ['--repo', repository, '--password-file', file, '--no-cache', ...args];
      return new Promise<string>((resolve, reject) => {
        execFile(program, all, { timeout: TIMEOUT_MS }, (error, stdout, stderr) => {
          if (!error) return resolve(stdout);
          const why = stderr.replaceAll(password, '…').trim().slice(0, 300);
          reject(new Error(`restic ${args.slice(0, 2).join(' ')}: ${why || error.code}`));
        });
      });
    });
  }
}

function nameOf({ id }: Journal): string {
  return `ofitec-${id}`;
}

async function withFile<T>(content: string, work: (file: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'ofitec-restic-'));
  try {
    const file = join(folder, 'password');
    writeSecretFile(file, content);
    return await work(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
