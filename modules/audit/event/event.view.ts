import {
  EventRow,
  IdField,
  InstantField,
  IntegerField,
  JsonField,
  pick,
  TextField,
  WordsField,
} from '#kernel';

export class EventView {
  @IdField()
  id!: string;

  @InstantField()
  createdAt!: string;

  @TextField({ max: 100, description: 'name of the event, such as payment.created' })
  action!: string;

  @IdField({ nullable: true, description: 'null when the house itself acted' })
  actorId!: string | null;

  @TextField({ max: 100, description: 'login of the actor at that time' })
  actorLogin!: string;

  @WordsField({ maxItems: 20, max: 40 })
  actorRoles!: string[];

  @TextField({ max: 45, nullable: true })
  ip!: string | null;

  @TextField({ max: 100 })
  requestId!: string;

  @TextField({ max: 100 })
  subjectType!: string;

  @IdField()
  subjectId!: string;

  @TextField({ max: 200 })
  subjectLabel!: string;

  @JsonField({
    description:
      'changed fields: {before, after}, or {masked: true} for personal data and what is restricted',
  })
  changes!: unknown;

  @TextField({ max: 1000, nullable: true })
  reason!: string | null;

  @JsonField({
    description:
      'what the event carries, restricted fields as {masked: true}; its shape is told by action and schemaVersion',
  })
  payload!: unknown;

  @IntegerField({ min: 1, max: 1000 })
  schemaVersion!: number;

  @TextField({ max: 20, description: 'database transaction; rows of one share it' })
  transactionId!: string;

  /** @param content what of changes and payload the reader may see */
  static of(this: void, row: EventRow, content: Pick<EventView, 'changes' | 'payload'>): EventView {
    return {
      ...pick(
        row,
        'id',
        'actorId',
        'actorLogin',
        'actorRoles',
        'ip',
        'requestId',
        'subjectType',
        'subjectId',
        'subjectLabel',
        'reason',
        'schemaVersion',
        'transactionId',
      ),
      changes: content.changes,
      payload: content.payload,
      createdAt: row.createdAt.toISOString(),
      action: row.action,
    };
  }
}
