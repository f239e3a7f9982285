import type { INestApplicationContext } from '@nestjs/common';
import type { Config } from '../config/config.js';
import type { DeclaredAddon } from './declared.js';

type Options = Readonly<Record<string, string | undefined>>;

interface Verb {
  readonly name: string;
  readonly summary: string;
  /** Option flags in commander's notation (`--rut <rut>`) to their meaning; `<>` is mandatory. */
  readonly options: Readonly<Record<string, string>>;
}

/** A verb of the operator's CLI: `ofitec <group> <name>`. */
export interface CommandDefinition extends Verb {
  /**
   * Does the work on the composed application.
   *
   * @returns what a script reads with `--json`; a person is shown the same as lines
   * @throws Error whose message is printed, with exit code 1
   */
  run(app: INestApplicationContext, options: Options): Promise<Record<string, unknown>>;
}

/** What a command has at hand that runs without the application. */
export interface CommandDesk {
  readonly config: Config;
  /** The kernel and every addon at hand, installed or not. */
  readonly addons: readonly DeclaredAddon[];
  /** The folder of the embedded database, which is there also when the database is another one. */
  readonly home: string;
  /**
   * The database as the application role, started by nobody for this.
   *
   * @throws Error when the embedded database does not run
   */
  databaseUrl(): Promise<string>;
}

/** What such a command says, and with what the process ends. */
export interface CommandReport {
  readonly exitCode: number;
  readonly lines: readonly string[];
  /** The same for a script. */
  readonly json: unknown;
}

/** A verb that must work while the database does not: it runs without the application. */
export interface StandaloneCommand extends Verb {
  /** The exit code when it cannot even begin: a wrong option, a broken environment. */
  readonly failureExitCode: number;
  runAlone(desk: CommandDesk, options: Options): Promise<CommandReport>;
}

export type Command = CommandDefinition | StandaloneCommand;
