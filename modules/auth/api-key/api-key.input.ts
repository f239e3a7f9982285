import { IdField, IntegerField, TextField, WordsField } from '#kernel';

const MAX_DAYS = 365;

export class CreateApiKey {
  @IdField({ description: 'a bot user, who acts with the key' })
  userId!: string;

  @TextField({ max: 100, description: 'what it is for' })
  name!: string;

  @WordsField({
    maxItems: 200,
    max: 100,
    description: 'permissions that both the bot and the actor have; none of auth',
  })
  scopes!: string[];

  @IntegerField({
    min: 1,
    max: MAX_DAYS,
    optional: true,
    description: 'days until it ends; 90 when left out',
  })
  expiresInDays?: number;
}
