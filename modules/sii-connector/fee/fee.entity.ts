import { Column, Entity } from 'typeorm';
import { CompanyRecord, PesosColumn } from '#kernel';

/** Boleta de honorarios electrónica; boleta de prestación de servicios de terceros. */
export const FEE_KINDS = ['BHE', 'BTE'] as const;
export type FeeKind = (typeof FEE_KINDS)[number];

/** A fee (honorarios) that the company owes or paid, and what it withholds of it for the SII. */
@Entity('sii_connector_fee')
export class Fee extends CompanyRecord {
  @Column({ type: 'uuid' })
  importId!: string;

  /** `YYYYMM` in which the withholding is declared: that of the payment where it is known. */
  @Column({ type: 'text' })
  period!: string;

  @Column({ type: 'text' })
  kind!: FeeKind;

  @PesosColumn()
  number!: number;

  @Column({ type: 'text' })
  issuerRut!: string;

  @Column({ type: 'text', nullable: true })
  issuerName!: string | null;

  @Column({ type: 'date' })
  issueDate!: string;

  @Column({ type: 'date', nullable: true })
  paidOn!: string | null;

  /** Anulada: nothing is withheld of it. */
  @Column({ type: 'boolean' })
  voided!: boolean;

  /** Honorario bruto. */
  @PesosColumn()
  gross!: number;

  /** Retención de terceros: what the company withholds; 0 where the issuer pays it. */
  @PesosColumn()
  withheld!: number;

  @PesosColumn()
  net!: number;

  @Column({ type: 'integer' })
  rowNumber!: number;

  @Column({ type: 'text' })
  raw!: string;
}
