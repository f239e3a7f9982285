import {
  BooleanField,
  ChoiceField,
  IdField,
  InstantField,
  IntegerField,
  JsonField,
  pick,
  SEVERITIES,
  TextField,
  WordsField,
} from '#kernel';
import type { Severity } from '#kernel';
import { HEARTBEAT_SOURCES } from './heartbeat.entity.js';
import type { Heartbeat, HeartbeatSource } from './heartbeat.entity.js';
import { dayName } from './heartbeat.input.js';

const SHOWN_STATES = ['new', 'up', 'late', 'down', 'paused'] as const;

export class HeartbeatView {
  @IdField()
  id!: string;

  @TextField({ max: 100 })
  name!: string;

  @ChoiceField(HEARTBEAT_SOURCES)
  source!: HeartbeatSource;

  @ChoiceField(SHOWN_STATES, { description: 'late: its time is over and its grace is not' })
  state!: string;

  @ChoiceField(SEVERITIES)
  severity!: Severity;

  @IntegerField({ min: 10, max: 40_000_000, nullable: true })
  everySeconds!: number | null;

  @TextField({ max: 5, nullable: true })
  byTime!: string | null;

  @WordsField({ maxItems: 7, max: 3 })
  byDays!: string[];

  @BooleanField()
  skipsHolidays!: boolean;

  @WordsField({ maxItems: 60, max: 10 })
  closedDays!: string[];

  @IntegerField({ min: 0, max: 604_800 })
  graceSeconds!: number;

  @TextField({ max: 100, nullable: true, description: 'the event, or the schedule' })
  eventName!: string | null;

  @JsonField()
  match!: unknown;

  @InstantField({ nullable: true })
  lastSeenAt!: string | null;

  @InstantField({ nullable: true, description: 'when it is missed unless a sign comes' })
  dueAt!: string | null;

  @IntegerField({ min: 1, max: 2_147_483_647 })
  version!: number;

  static of(this: void, heartbeat: Heartbeat, now: Date): HeartbeatView {
    const { dueAt, graceSeconds, state } = heartbeat;
    const isLate =
      dueAt !== null && state !== 'down' && dueAt.getTime() - graceSeconds * 1000 <= now.getTime();
    return {
      ...pick(
        heartbeat,
        ...(['id', 'name', 'source', 'severity', 'everySeconds', 'byTime', 'eventName'] as const),
        ...(['skipsHolidays', 'graceSeconds', 'match', 'version'] as const),
      ),
      state: isLate ? 'late' : state,
      byDays: (heartbeat.byDays ?? []).map(dayName),
      closedDays: [...heartbeat.closedDays],
      lastSeenAt: heartbeat.lastSeenAt?.toISOString() ?? null,
      dueAt: dueAt?.toISOString() ?? null,
    };
  }
}

export class HeartbeatCreatedView extends HeartbeatView {
  @TextField({ max: 43, nullable: true, description: 'for pings; shown this once' })
  token!: string | null;
}
