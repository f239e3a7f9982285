import type { Type } from '@nestjs/common';
import type { RecordRule } from '../access/record-rule.js';
import type { AlertDefinition } from '../alerts/alert.js';
import type { ConfigShape } from '../config/variables.js';
import type { EventDefinition } from '../events/event.js';
import type { Retention } from '../events/retention.js';
import type { ScheduleDefinition } from '../events/schedule.js';
import type { PersonalData } from '../privacy/personal-data.js';
import type { GaugeDefinition } from '../watch/gauge.js';
import type { DoctorCheck } from '../doctor/check.js';
import type { Command } from './command.js';
import type { MigrationClass } from './declared.js';
import type { DemoContext } from './demo.js';
import type { SettingDefinition } from './setting.js';

/** What one addon says of a role: who owns the role also says what it is for. */
export interface RoleGrant {
  /** Present exactly once, in the addon that declares the role. */
  readonly summary?: string;
  readonly grants: readonly string[];
}

/** The manifest of an addon. Each field is one the kernel acts on. */
export interface AddonDefinition {
  /** kebab-case; its snake_case form is the prefix of the addon's tables. */
  readonly name: string;
  /** Semantic version; code older than a migration that contracts does not boot over it. */
  readonly version: string;
  readonly summary: string;
  /** Addons whose public door this one uses, as objects: a missing one is a compile error. */
  readonly depends?: readonly Addon[];
  /** A plain Nest module with the addon's controllers and providers. */
  readonly module: Type;
  readonly entities?: readonly Type[];
  readonly migrations?: readonly MigrationClass[];
  /** Permission name to its meaning, `<addon>.<entity>.<verb>`. */
  readonly permissions?: Readonly<Record<string, string>>;
  readonly roles?: Readonly<Record<string, RoleGrant>>;
  readonly rules?: readonly RecordRule[];
  readonly events?: readonly EventDefinition[];
  /** For how long its events are kept; as long as tax papers unless said. */
  readonly retention?: Retention;
  /** What it holds of a customer: providers of its module. */
  readonly personalData?: readonly Type<PersonalData>[];
  readonly schedules?: readonly ScheduleDefinition[];
  /** Figures of the business in `/metrics`; each is read by a method marked `@Measures`. */
  readonly gauges?: readonly GaugeDefinition[];
  /** Types of alerts, and the events that raise and clear them. */
  readonly alerts?: readonly AlertDefinition[];
  readonly commands?: readonly Command[];
  /** What `ofitec doctor` looks at for this addon. */
  readonly checks?: readonly DoctorCheck[];
  /** The word after `ofitec` that the commands stand behind; the addon's name unless said. */
  readonly commandGroup?: string;
  /**
   * Whether code that does not have this addon must not serve over its tables: where others' verbs ask it through a
   * port, and would go past a limit or an approval. What its migrations put on others' tables is seen without this.
   */
  readonly indispensable?: boolean;
  /** Variables read from the environment at boot. */
  readonly config?: ConfigShape;
  /** Values of a company, edited over REST, by UPPER_SNAKE name. */
  readonly settings?: Readonly<Record<string, SettingDefinition>>;
  /** Fills an empty embedded database with an example. */
  readonly demo?: (context: DemoContext) => Promise<void>;
}

/** An addon with every field present. */
export type Addon = Required<AddonDefinition>;

/** Declares an addon: fills the fields it leaves out with nothing. */
export function defineAddon(definition: AddonDefinition): Addon {
  return {
    depends: [],
    entities: [],
    migrations: [],
    permissions: {},
    roles: {},
    rules: [],
    events: [],
    retention: { events: 'tax' },
    personalData: [],
    schedules: [],
    gauges: [],
    alerts: [],
    commands: [],
    checks: [],
    commandGroup: definition.name,
    indispensable: false,
    config: {},
    settings: {},
    demo: async () => {},
    ...definition,
  };
}

/** The prefix of everything the addon owns in the database: `sii-connector` owns `sii_connector_*`. */
export function tablePrefix(addon: Addon): string {
  return addon.name.replaceAll('-', '_');
}
