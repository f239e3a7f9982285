import type { INestApplicationContext } from '@nestjs/common';

/** A verb of the operator's CLI: `ofitec <addon> <name>`. */
export interface CommandDefinition {
  readonly name: string;
  readonly summary: string;
  /** Option flags in commander's notation (`--rut <rut>`) to their meaning; `<>` is mandatory. */
  readonly options: Readonly<Record<string, string>>;
  /**
   * Does the work on the composed application.
   *
   * @returns what a script reads with `--json`; a person is shown the same as lines
   * @throws Error whose message is printed, with exit code 1
   */
  run(
    app: INestApplicationContext,
    options: Readonly<Record<string, string | undefined>>,
  ): Promise<Record<string, unknown>>;
}
