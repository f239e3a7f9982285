import { readFileSync } from 'node:fs';
import type { ConfigShape, ConfigValues } from './variables.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** The configuration of this process: every declared variable, read and checked once at boot. */
export class Config {
  private constructor(private readonly values: ReadonlyMap<ConfigShape, unknown>) {}

  /**
   * Reads every shape from the environment and collects what is wrong with it, so that an
   * operator mends a whole file at once.
   */
  static read(
    shapes: readonly ConfigShape[],
    env: Environment,
  ): { config: Config; faults: string[] } {
    const faults: string[] = [];
    const values = new Map<ConfigShape, unknown>();
    for (const shape of shapes) {
      const read: Record<string, unknown> = {};
      for (const [name, variable] of Object.entries(shape)) {
        read[name] = variable.fallback;
        try {
          const raw = rawValue(name, variable.secret, env);
          if (raw !== undefined) read[name] = variable.parse(raw);
        } catch (error) {
          faults.push(`${name} ${(error as Error).message}`);
        }
      }
      values.set(shape, read);
    }
    return { config: new Config(values), faults };
  }

  /** The same with some values of one shape replaced. */
  with<S extends ConfigShape>(shape: S, values: Partial<ConfigValues<S>>): Config {
    return new Config(new Map(this.values).set(shape, { ...this.of(shape), ...values }));
  }

  /** The typed values of one declared shape. @throws Error when no installed addon declares it */
  of<S extends ConfigShape>(shape: S): ConfigValues<S> {
    const values = this.values.get(shape);
    if (!values) throw new Error('This configuration is declared by no installed addon.');
    return values as ConfigValues<S>;
  }
}

function rawValue(name: string, secret: boolean, env: Environment): string | undefined {
  const file = secret ? env[`${name}_FILE`] : undefined;
  const raw = env[name];
  if (file && raw) throw new Error(`and ${name}_FILE are both set; keep one`);
  if (!file) return raw === '' ? undefined : raw;
  try {
    return readFileSync(file, 'utf8').trimEnd();
  } catch (error) {
    throw new Error(`_FILE cannot be read: ${(error as NodeJS.ErrnoException).code}`, {
      cause: error,
    });
  }
}
