/**
 * A kind of past-tense fact. The type parameter is the payload that handlers receive; it holds
 * ids and amounts, and personal data only by reference.
 */
export interface EventDefinition<P extends object = object> {
  /** `<entity>.<past verb>`, unique in the house. */
  readonly name: string;
  /** Counts up when the payload changes shape. */
  readonly version: number;
  readonly summary: string;
  /**
   * Fields of the payload and of the changes whose values only some may read in the log; handlers
   * receive them.
   */
  readonly restricted?: { readonly permission: string; readonly fields: readonly string[] };
  /** Carries the payload's type; never set. */
  readonly payload?: P;
}

/** Declares an event. */
export function defineEvent<P extends object>(
  definition: Omit<EventDefinition<P>, 'payload'>,
): EventDefinition<P> {
  return definition;
}

/** What an event is about: a kind, an id, and the words a person knows it by. */
export interface Subject {
  /** `<addon>.<entity>`. */
  readonly type: string;
  readonly id: string;
  /** Readable after the record is gone; never personal data. */
  readonly label: string;
}

/** Changed fields, each before and after; a masked field says only that it changed. */
export type Changes = Readonly<
  Record<string, { readonly before?: unknown; readonly after?: unknown; readonly masked?: true }>
>;

/** An event as a handler receives it. */
export interface StoredEvent<P extends object = object> {
  readonly id: string;
  readonly companyId: string;
  readonly name: string;
  readonly version: number;
  readonly occurredAt: Date;
  readonly actorId: string | null;
  readonly subject: Subject;
  readonly changes: Changes;
  readonly reason: string | null;
  readonly payload: P;
}
