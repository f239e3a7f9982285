import { cpus, loadavg } from 'node:os';
import { writePage } from '../page.js';

interface Entry {
  readonly step: string;
  readonly ms: number;
  readonly seen: string;
}

/** The measured steps of a walk from a bare machine, as a page for people. */
export class Diary {
  private readonly entries: Entry[] = [];
  private readonly began = new Date();

  /** @param path the page, written again after every step; undefined: none */
  constructor(private readonly path: string | undefined = process.env['OFITEC_EVIDENCE']) {}

  /**
   * Takes a step and measures it.
   *
   * @param seen what of its result a reader should know, in a few words
   * @returns what the step gave; a step that fails is not written down, and fails the walk
   */
  async step<T>(step: string, take: () => T | Promise<T>, seen: (result: T) => string): Promise<T> {
    const began = performance.now();
    const result = await take();
    const entry = { step, ms: performance.now() - began, seen: seen(result) };
    this.entries.push(entry);
    process.stdout.write(`${cells(entry).join(' | ')}\n`);
    if (this.path !== undefined) writePage(this.path, this.lines());
    return result;
  }

  private lines(): string[] {
    const seconds = this.entries.reduce((sum, { ms }) => sum + ms, 0) / 1_000;
    return [
      '# Operations: what was measured',
      '',
      `Written by \`test/ops/clean-root.test.ts\` itself on ${this.began.toISOString().slice(0, 16).replace('T', ' ')} UTC: a Debian made by`,
      'debootstrap, with files, network and mounts of its own. Installer, PostgreSQL of Debian, units’ commands, users and settings are',
      'real; systemd does not run there, so the test starts what the installed units say, as their users.',
      '',
      `Machine: ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)} at the end. Node ${process.versions.node}. ${seconds.toFixed(0)} s in all.`,
      '',
      '| step | took | seen |',
      '| --- | --- | --- |',
      ...this.entries.map((entry) => `| ${cells(entry).join(' | ')} |`),
    ];
  }
}

function cells({ step, ms, seen }: Entry): string[] {
  return [step, `${(ms / 1_000).toFixed(1)} s`, seen];
}
