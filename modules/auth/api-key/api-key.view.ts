import { IdField, InstantField, TextField, WordsField } from '#kernel';
import type { ApiKey } from './api-key.entity.js';

export class ApiKeyView {
  @IdField()
  id!: string;

  @IdField({ description: 'the bot that acts with it' })
  userId!: string;

  @TextField({ max: 100 })
  name!: string;

  @TextField({ max: 20, description: 'how the key begins' })
  prefix!: string;

  @WordsField({ maxItems: 200, max: 100, description: 'it may do those of them that its bot may' })
  scopes!: string[];

  @IdField()
  createdBy!: string;

  @InstantField()
  createdAt!: string;

  @InstantField()
  expiresAt!: string;

  @InstantField({ nullable: true, description: 'to the minute' })
  lastUsedAt!: string | null;

  @InstantField({ nullable: true })
  revokedAt!: string | null;

  static of(this: void, key: ApiKey): ApiKeyView {
    const { id, userId, name, prefix, scopes, createdBy } = key;
    return {
      ...{ id, userId, name, prefix, scopes, createdBy },
      createdAt: key.createdAt.toISOString(),
      expiresAt: key.expiresAt.toISOString(),
      lastUsedAt: key.lastUsedAt?.toISOString() ?? null,
      revokedAt: key.revokedAt?.toISOString() ?? null,
    };
  }
}

export class CreatedApiKeyView extends ApiKeyView {
  @TextField({ max: 100, description: 'send it as Authorization: Bearer; it is shown only here' })
  key!: string;
}
