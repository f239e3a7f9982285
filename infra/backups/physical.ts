import * as fs from 'node:fs';
import { join } from 'node:path';
import type { BackupPlan, Physical } from './config.js';
import { DamagedBackup } from './manifest.js';
import { ProgramFailed, runProgram } from './programs.js';

/** The code of `info` for what it could not read. */
const OTHER = 99;

export type PhysicalKind = 'full' | 'diff';

/** A physical backup as pgBackRest lists it. */
export interface PhysicalBackup {
  readonly label: string;
  readonly type: string;
  readonly error: boolean | null;
  /** Seconds since 1970. */
  readonly timestamp: { readonly start: number; readonly stop: number };
}

interface Stanza {
  readonly name: string;
  readonly backup: readonly PhysicalBackup[];
  readonly archive: readonly { readonly min: string | null; readonly max: string | null }[];
  readonly status: { readonly code: number; readonly message: string };
}

/** pgBackRest, as the owner of the cluster. */
export class PgBackRest {
  constructor(
    private readonly physical: Physical,
    private readonly plan: BackupPlan,
  ) {}

  /** The kind that is due: a full one when there is none that is young enough, else what differs from it. */
  async due(): Promise<PhysicalKind> {
    const full = (await this.backups()).filter(({ type }) => type === 'full').at(-1);
    const ageDays = full ? (Date.now() / 1_000 - full.timestamp.stop) / 86_400 : Infinity;
    // A few hours less: the timer does not fire to the second.
    return ageDays > this.physical.fullEveryDays - 0.25 ? 'full' : 'diff';
  }

  /** Takes a backup and expires what its configuration no longer keeps. */
  async backup(kind: PhysicalKind): Promise<PhysicalBackup> {
    await this.run('backup', `--type=${kind}`);
    const newest = (await this.backups()).at(-1);
    if (!newest || newest.error === true) {
      throw new DamagedBackup('pgBackRest lists the backup with errors in pages of the database.');
    }
    return newest;
  }

  /** Those that are there, oldest first. */
  async backups(): Promise<readonly PhysicalBackup[]> {
    return (await this.stanza())?.backup ?? [];
  }

  /** What is stored of the stanza; null when nothing is. @throws DamagedBackup when it cannot be read */
  async stanza(): Promise<Stanza | null> {
    const said = await this.run('info', '--output=json');
    // Line ends inside of its texts are not escaped.
    const all = JSON.parse(said.replaceAll(/\p{Cc}/gu, ' ')) as Stanza[];
    const stanza = all.find(({ name }) => name === this.physical.stanza) ?? null;
    if (stanza?.status.code === OTHER) throw inOurWords(JSON.stringify(stanza), said);
    return stanza;
  }

  /** Whether a segment of the log comes into the archive now. @throws Error */
  async check(): Promise<void> {
    await this.run('check');
  }

  /** Reads everything that is stored. pgBackRest ends well whatever it finds: it is read from its words. */
  async verify(): Promise<void> {
    const said = await this.run('verify', '--output=text', '--verbose');
    const wrong = said
      .split('\n')
      .filter((line) => /ERROR|status: error|(missing|invalid|other): [1-9]/.test(line));
    if (wrong.length > 0) {
      throw new DamagedBackup(
        `The physical backups are damaged: ${wrong
          .map((line) => line.trim())
          .slice(0, 5)
          .join('; ')}`,
      );
    }
  }

  /** Makes the stanza, and says whether the archive works. May be run again. */
  async create(): Promise<void> {
    await this.run('stanza-create');
    await this.check();
  }

  /**
   * Restores a backup into a folder and has it replay the archive when it is started.
   *
   * @param to an instant with its offset, as RFC 3339 writes it; null for everything that is there
   */
  async restore(into: string, to: string | null, label: string): Promise<void> {
    const { osUser: user } = this.plan;
    // pgBackRest wants its folder; as its owner, since it is PostgreSQL's from then on.
    await runProgram('mkdir', ['-p', '-m', '0700', into], { user });
    try {
      await this.load(into, to, label);
    } catch (error) {
      // It was empty before: half a cluster must not be taken for one.
      for (const name of fs.readdirSync(into)) fs.rmSync(join(into, name), { recursive: true });
      throw error;
    }
  }

  private async load(into: string, to: string | null, label: string): Promise<void> {
    const target = to === null ? [] : [`--target=${targetOf(to)}`, '--target-action=promote'];
    await this.run(
      'restore',
      ...[`--pg1-path=${into}`, `--set=${label}`],
      ...[`--type=${to === null ? 'default' : 'time'}`, ...target],
    );
  }

  private async run(command: string, ...args: string[]): Promise<string> {
    const { stanza, configFile } = this.physical;
    const own = configFile === null ? [] : [`--config=${configFile}`];
    const logged = command === 'info' ? [] : ['--log-level-console=info'];
    try {
      return await runProgram(
        'pgbackrest',
        [...own, `--stanza=${stanza}`, '--log-level-stderr=off', ...logged, ...args, command],
        {
          as: `pgbackrest ${command}`,
          inherit: ['PGBACKREST_', 'PGPASSFILE'],
          user: this.plan.osUser,
        },
      );
    } catch (error) {
      throw error instanceof ProgramFailed ? inOurWords(error.message, error.said) : error;
    }
  }
}

/** PostgreSQL's spelling of an instant. */
function targetOf(to: string): string {
  return to.replace('T', ' ').replace('Z', '+00');
}

/** pgBackRest's exit codes as its documentation lists them. */
function inOurWords(message: string, said: string): Error {
  const lines = said.replaceAll('\\n', '\n').split('\n');
  const errors = lines.filter((line) => /ERROR|HINT|Error:/.test(line));
  const words = errors.slice(0, 4).map((line) => line.replace(/^.*?(?=ERROR|HINT)/, '').trim());
  const told = words.length > 0 ? words.join('; ') : message;
  if (/\[095\]|CryptoError|cipher header|bad decrypt|unable to flush|encrypted/.test(said)) {
    return new DamagedBackup(`The passphrase does not open the physical backups. ${told}`);
  }
  // What a wrong key yields is parsed before its padding is looked at: no text, and none to be shown.
  if (/FormatError: .* at line [1-9]:/.test(said)) {
    return new DamagedBackup(
      'The passphrase does not open the physical backups, or both their index files are damaged.',
    );
  }
  if (/\[(025|028|029|042|047|082)\]|checksum|corrupt|invalid/i.test(told)) {
    return new DamagedBackup(`Physical backups or archive: ${told}`);
  }
  return new Error(`pgBackRest: ${told}`);
}
