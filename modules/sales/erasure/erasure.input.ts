import { IdField, TextField } from '#kernel';

export class RequestErasure {
  @IdField()
  customerId!: string;

  @TextField({
    max: 40,
    pattern: /^[\w./-]+$/,
    description: 'under which the request was received',
  })
  requestNumber!: string;

  @TextField({ min: 3, max: 500, description: 'why, without any data of the customer' })
  reason!: string;
}
