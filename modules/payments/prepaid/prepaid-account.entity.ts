import { Column, Entity } from 'typeorm';
import { CompanyRecord, MAX_PESOS, PesosColumn, Problem } from '#kernel';
import { NotEnoughPrepaid, PrepaidTooMuch } from './prepaid.problems.js';

/** What a customer has paid ahead; shares its id with the customer of `sales`. */
@Entity('payments_prepaid_account')
export class PrepaidAccount extends CompanyRecord {
  /** Whole pesos, the sum of the account's entries; never negative. */
  @PesosColumn()
  balance!: number;

  /** How many entries the account has. */
  @Column({ type: 'integer' })
  entries!: number;

  /**
   * Moves the balance by one entry. The caller holds the row's lock.
   *
   * @param amount whole pesos; negative when they leave
   * @returns the entry's sequence
   * @throws Problem NotEnoughPrepaid, PrepaidTooMuch
   */
  move(amount: number): number {
    const balance = this.balance + amount;
    if (balance < 0) throw new Problem(NotEnoughPrepaid);
    if (balance > MAX_PESOS) throw new Problem(PrepaidTooMuch);
    this.balance = balance;
    this.entries += 1;
    return this.entries;
  }
}
