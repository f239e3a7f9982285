import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { hostname } from 'node:os';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { DocumentTurn, step } from './document-turn.js';
import type { Ground } from './document-turn.js';
import type { Journal } from './journal.js';
import type { ResticRotation } from './rotations.config.js';
import { waitFor } from './patience.js';
import { newPassword } from './scram.js';
import type { Document } from '../vault/kv.js';
import { withoutTexts } from '../vault/verdict.js';

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
export class ResticTurn extends DocumentTurn {
  readonly secret = 'restic';
  protected readonly before = [
    step('ADDED', 'the repository has its key', (journal) => this.add(journal)),
    step('TESTED', 'it opens the repository', (journal) => this.test(journal)),
  ];
  protected readonly after = [
    step('GRACE', 'backups that ran have ended', () => this.wait()),
    step('REMOVED', 'the old key is gone', (journal) => this.remove(journal)),
  ];
  protected readonly make = newPassword;

  constructor(
    private readonly config: ResticRotation,
    ground: Ground,
  ) {
    super(ground, config.key);
  }

  async look(): Promise<{ from: string; to: string }> {
    const keys = await this.keys(await this.value());
    const current = keys.find((key) => key.current);
    if (!current) throw new Error('The password in Vault does not open the repository.');
    return { from: current.id, to: 'a new key' };
  }

  protected async takeBack(journal: Journal): Promise<void> {
    const password = await this.value();
    for (const key of await this.named(password, journal)) {
      await this.restic(password, ['key', 'remove', key.id]);
    }
  }

  protected promoted(_: Document, next: string): object {
    return { [this.key]: next };
  }

  /** Adding twice would make two keys: one under the rotation's name is looked for first. */
  private async add(journal: Journal): Promise<void> {
    const password = await this.value();
    const next = await this.pending.of(journal.id);
    const known = await this.named(password, journal);
    if (known.length > 0) return;
    await this.restic(
      password,
      ['key', 'add', '--user', nameOf(journal), '--host', hostname()],
      next,
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

  private async wait(): Promise<void> {
    await waitFor(this.config.graceSeconds, 'backups that run may end', this.ground.report);
  }

  private async remove(journal: Journal): Promise<void> {
    const password = await this.value();
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

  /** Passwords go by open files without a name: arguments and variables are seen by others. */
  private async restic(password: string, args: readonly string[], next?: string): Promise<string> {
    const { program, repository } = this.config;
    const secrets = next === undefined ? [password] : [password, next];
    const files = secrets.map(openSecret);
    try {
      const added = next === undefined ? [] : ['--new-password-file', '/dev/fd/4'];
      const options = ['--repo', repository, '--password-file', '/dev/fd/3', '--no-cache'];
      const child = spawn(program, [...options, ...args, ...added], {
        timeout: TIMEOUT_MS,
        stdio: ['ignore', 'pipe', 'pipe', ...files],
      });
      const ending = new Promise<number | string>((resolve) => {
        child.once('error', ({ message }) => resolve(message));
        child.once('close', (code, signal) => resolve(code ?? signal ?? ''));
      });
      const [said, faults, code] = await Promise.all([
        text(child.stdout as Readable),
        text(child.stderr as Readable),
        ending,
      ]);
      if (code === 0) return said;
      const why = withoutTexts(faults, secrets);
      throw new Error(`restic ${args.slice(0, 2).join(' ')}: ${why.trim().slice(0, 300) || code}`);
    } finally {
      for (const file of files) fs.closeSync(file);
    }
  }
}

function nameOf({ id }: Journal): string {
  return `ofitec-${id}`;
}

/** Linux' flag for a file that never has a name; Node does not name it. */
const O_TMPFILE = 0o20000000 | fs.constants.O_DIRECTORY;

/**
 * An open file in memory that holds a secret and never had a name: a killed process leaves none behind,
 * and no disk keeps it.
 */
function openSecret(secret: string): number {
  const file = fs.openSync('/dev/shm', O_TMPFILE | fs.constants.O_RDWR, 0o600);
  try {
    fs.writeSync(file, secret);
    return file;
  } catch (error) {
    fs.closeSync(file);
    throw error;
  }
}
