import { IdField, TextField } from '#kernel';

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}';

/** A question: may somebody do this, and with this record? */
export class ExplainQuery {
  @TextField({
    max: 100,
    pattern: /^[a-z][a-z0-9-]*\.[a-z][a-z-]*\.[a-z][a-z-]*$/,
    description: 'name of a permission, such as payments.payment.void',
  })
  permission!: string;

  @TextField({
    max: 120,
    optional: true,
    pattern: new RegExp(`^[a-z][a-z0-9-]*\\.[a-z][a-z_]*/${UUID}$`),
    description: 'a record as the audit names its subject: payments.payment/<id>',
  })
  subject?: string;

  @IdField({
    optional: true,
    description: 'another user; needs the permission auth.explanation.read',
  })
  userId?: string;
}
