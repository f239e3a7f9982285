import { BooleanField, IdField, InstantField, ObjectField, TextField, WordsField } from '#kernel';
import type { Actor } from '#kernel';
import type { Session } from './session.entity.js';
import type { Opened } from './opened.js';

export class SignedInUserView {
  @IdField()
  id!: string;

  @IdField()
  companyId!: string;

  @TextField({ max: 64 })
  login!: string;

  @TextField({ max: 100 })
  name!: string;

  @WordsField({ maxItems: 20, max: 40 })
  roles!: string[];

  static of({ userId, companyId, login, name, roles }: Actor): SignedInUserView {
    return { id: userId ?? '', companyId, login, name, roles: [...roles] };
  }
}

const HINDRANCE = {
  max: 100,
  nullable: true,
  description: 'code of the problem that every other request gets until it is solved',
} as const;

export class SessionView {
  @TextField({ max: 64, description: 'send it as Authorization: Bearer; it is shown only here' })
  token!: string;

  @InstantField()
  expiresAt!: string;

  @TextField(HINDRANCE)
  hindrance!: string | null;

  @ObjectField(() => SignedInUserView)
  user!: SignedInUserView;

  static of({ token, expiresAt, actor }: Opened): SessionView {
    const hindrance = actor.hindrance?.code ?? null;
    const user = SignedInUserView.of(actor);
    return { token, expiresAt: expiresAt.toISOString(), hindrance, user };
  }
}

export class WhoAmIView {
  @ObjectField(() => SignedInUserView)
  user!: SignedInUserView;

  @TextField(HINDRANCE)
  hindrance!: string | null;

  @InstantField({
    nullable: true,
    description: 'the last proof that is good for sensitive acts; null when there was none',
  })
  provenAt!: string | null;

  @BooleanField({ description: 'sensitive acts ask for POST auth/step-up first' })
  stepUpNeeded!: boolean;

  @WordsField({ maxItems: 1000, max: 100, description: 'what the user may do' })
  permissions!: string[];

  static of(actor: Actor): WhoAmIView {
    return {
      user: SignedInUserView.of(actor),
      hindrance: actor.hindrance?.code ?? null,
      provenAt: actor.provenAt?.toISOString() ?? null,
      stepUpNeeded: actor.unproven !== null,
      permissions: [...actor.permissions].sort(),
    };
  }
}

export class ListedSessionView {
  @IdField()
  id!: string;

  @InstantField()
  createdAt!: string;

  @InstantField({ description: 'the last request, to the minute' })
  lastSeenAt!: string;

  @InstantField()
  expiresAt!: string;

  @TextField({ max: 64, nullable: true })
  ip!: string | null;

  @TextField({ max: 200, nullable: true, description: 'what the client called itself' })
  userAgent!: string | null;

  @IdField({ nullable: true, description: 'the shared terminal where it began' })
  terminalId!: string | null;

  @TextField({ max: 100, nullable: true })
  terminalName!: string | null;

  @BooleanField({ description: 'the session that asks' })
  current!: boolean;

  static of(
    session: Session,
    currentId: string | null,
    terminalName: string | null,
  ): ListedSessionView {
    const { id, createdAt, lastSeenAt, expiresAt, ip, userAgent, terminalId } = session;
    return {
      ...{ id, ip, userAgent, terminalId, terminalName, current: id === currentId },
      createdAt: createdAt.toISOString(),
      lastSeenAt: lastSeenAt.toISOString(),
      expiresAt: expiresAt.toISOString(),
    };
  }
}
