import type { DeclaredAddon } from '../addon/declared.js';
import type { Config } from '../config/config.js';

/** How a thing stands, from well to worse; `unknown` is what could not be looked at. */
export const DOCTOR_STATES = ['good', 'unknown', 'warning', 'critical'] as const;
export type DoctorState = (typeof DOCTOR_STATES)[number];

/** One thing that was looked at, in words. */
export interface DoctorFinding {
  /** What it is about, short: `database`, `heartbeat backup`. */
  readonly what: string;
  readonly state: DoctorState;
  readonly sentence: string;
  /** The page that says what to do, as a path from the root of the checkout or package. */
  readonly runbook: string;
}

/** What a check has at hand. It never needs the application, and the database only if it is there. */
export interface DoctorDesk {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly config: Config;
  /** The kernel and every addon at hand. */
  readonly addons: readonly DeclaredAddon[];
  /** The folder of the embedded database. */
  readonly home: string;
  /** Rows as the application role sees them; of one company when told. Null while the database does not answer. */
  readonly rows:
    | (<R extends object>(
        sql: string,
        values?: readonly unknown[],
        companyId?: string,
      ) => Promise<R[]>)
    | null;
  /** Every company of the installation; empty while the database does not answer. */
  readonly companies: readonly string[];
}

/**
 * Something that `ofitec doctor` looks at. The kernel and the addons (`checks` of the manifest) have theirs, and
 * `src/cli/doctor-checks.ts` names those of `infra`. What a check throws is told as `unknown`.
 */
export interface DoctorCheck {
  readonly name: string;
  /** The page for when the check itself fails. */
  readonly runbook: string;
  /** Variables that belong to it and to no addon: the environment's check knows them. */
  readonly variables?: readonly string[];
  look(desk: DoctorDesk): Promise<readonly DoctorFinding[]>;
}
