import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import type { Passing } from './faulty-vault.js';
import type { Program } from './process.js';
import type { SecretsLab } from './secrets-lab.js';

/**
 * Kills a rotator before and after each of its effects, each time once. The effects are what anybody
 * else could see: requests to Vault that change something, and keys of the repository.
 */
export class KillSwitch {
  private readonly done: string[] = [];
  private readonly documents: number[] = [];

  /** @param folder gets what {@link resticProgram} did */
  constructor(
    private readonly lab: SecretsLab,
    private readonly folder: string,
  ) {
    mkdirSync(folder);
  }

  /** Every effect that a rotator was killed at, as `after journal BEGUN`. */
  get killed(): string[] {
    const restic = readdirSync(this.folder).map((name) => name.replace('-', ' restic key '));
    return [...this.done, ...restic];
  }

  /** restic, whose caller dies before it adds or removes a key, and after it did. */
  get resticProgram(): string {
    const file = `${this.folder}.restic`;
    const script = `#!/bin/bash
case " $* " in
  *' key add '*) what=add ;;
  *' key remove '*) what=remove ;;
  *) exec restic "$@" ;;
esac
if mkdir "${this.folder}/before-$what" 2>/dev/null; then kill -9 $PPID; exit 1; fi
restic "$@" || exit
if mkdir "${this.folder}/after-$what" 2>/dev/null; then kill -9 $PPID; exit 1; fi
`;
    writeFileSync(file, script, { mode: 0o755 });
    return file;
  }

  /** Runs a rotator until it is killed at an effect that none was killed at, or ends by itself. */
  async run(start: () => Program): Promise<{ code: number | null; output: string }> {
    let program: Program | null = null;
    this.lab.faulty.watch = (passing, when) => {
      const effect = this.effectOf(passing);
      if (effect === null || !program || program.hasEnded) return;
      const name = `${when} ${effect}`;
      if (this.done.includes(name)) return;
      this.done.push(name);
      process.kill(program.pid, 'SIGKILL');
      throw new Error('killed');
    };
    program = start();
    const ended = await program.end();
    this.lab.faulty.watch = () => undefined;
    return ended;
  }

  private effectOf({ method, path, body }: Passing): string | null {
    if (method === 'GET') return null;
    if (path.endsWith('/secret-id')) return 'secret id made';
    if (path.endsWith('/secret-id-accessor/destroy')) return 'secret id destroyed';
    const [, folder, name = ''] = /^kv\/data\/([\w-]+)\/([\w-]+)$/.exec(path) ?? [];
    if (folder === undefined) return null;
    const { data, options } = JSON.parse(body) as {
      data: Record<string, unknown>;
      options: { cas: number };
    };
    if (name.startsWith('lock-')) return 'free' in data ? 'lock freed' : 'lock taken';
    if (folder === 'ofitec-rotation') return `journal ${String(data['state'])}`;
    if (folder === 'ofitec-pending')
      return data['value'] === null ? 'pending cleared' : 'pending made';
    if (!this.documents.includes(options.cas)) this.documents.push(options.cas);
    return `document ${this.documents.indexOf(options.cas) + 1}`;
  }
}
