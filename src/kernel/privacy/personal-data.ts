/** Whom it is about: the customer's id, the RUT under which tax papers know the same person, and what texts may say. */
export interface Person {
  readonly customerId: string;
  readonly name: string;
  readonly rut: string | null;
  readonly phone: string | null;
  readonly email: string | null;
}

/** A text of the house that names a person. What it says is not repeated. */
export interface Mention {
  /** `payments_entry.reason`; several columns of one row with commas between them. */
  readonly where: string;
  /** The row; null where the table has no id. */
  readonly id: string | null;
}

/** A record, by the names of its fields. */
export type HeldRow = Readonly<Record<string, unknown>>;

/** One kind of records that are held of a person, in words that the person understands. */
export interface HeldRecords {
  /** File name of the copy, snake_case and unique among all addons. */
  readonly name: string;
  /** What it is, in Spanish: the person reads it. */
  readonly title: string;
  /** All with the same fields; read once and in their order, in the transaction that asked for them. */
  readonly rows: Iterable<HeldRow> | AsyncIterable<HeldRow>;
}

/** Records that events of the log are about, and which of the events' fields hold free text. */
export interface PersonalSubjects {
  /** `<addon>.<entity>`, as events name it. */
  readonly type: string;
  readonly ids: readonly string[];
  /** Fields of changes and payload in which somebody may have written a name. */
  readonly texts: readonly string[];
}

/** Something that has to end before a person can be forgotten. */
export interface ErasureObstacle {
  /** `open-orders`, `prepaid-balance`: what it is, for a program. */
  readonly what: string;
  readonly count: number;
}

/** What became of one kind of records. */
export interface Erased {
  readonly what: string;
  readonly count: number;
  /** The law that keeps them, with its article; null for what was erased. */
  readonly keptBy: string | null;
}

/**
 * What one addon holds of a customer. The manifest names the class (`personalData`), and it is a
 * provider of the addon's module. Each method runs inside the caller's transaction.
 */
export abstract class PersonalData {
  /** Records of this addon whose events are about the person. */
  async subjects(_person: Person): Promise<readonly PersonalSubjects[]> {
    return [];
  }

  /** Everything that is held, for the person to read (Ley 19.628 as amended by Ley 21.719, right of access). */
  abstract held(
    person: Person,
    subjects: readonly PersonalSubjects[],
  ): Promise<readonly HeldRecords[]>;

  /** What stands against forgetting the person now. */
  async obstacles(_person: Person): Promise<readonly ErasureObstacle[]> {
    return [];
  }

  /**
   * Takes out texts that an erasure had left and somebody looked at. Figures and numbers of papers stay.
   *
   * @returns those of this addon
   */
  async redact(_mentions: readonly Mention[]): Promise<readonly Mention[]> {
    return [];
  }

  /**
   * Takes out what tells of the person and is not kept by law. Done twice it does nothing the second time.
   *
   * @param subjects those of all addons
   */
  abstract erase(person: Person, subjects: readonly PersonalSubjects[]): Promise<readonly Erased[]>;
}
