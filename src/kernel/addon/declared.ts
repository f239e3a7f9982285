import type { MigrationInterface } from 'typeorm';
import type { AlertDefinition } from '../alerts/alert.js';
import type { ConfigShape } from '../config/variables.js';
import type { ScheduleDefinition } from '../events/schedule.js';

/** A hand-written migration; `up` and `down` speak SQL through the QueryRunner. */
export type MigrationClass = new () => MigrationInterface;

/** What commands and checks read of an addon: what it declares, and nothing that it does. */
export interface DeclaredAddon {
  readonly name: string;
  readonly version: string;
  readonly migrations: readonly MigrationClass[];
  readonly config: ConfigShape;
  readonly schedules: readonly ScheduleDefinition[];
  readonly alerts: readonly AlertDefinition[];
}
