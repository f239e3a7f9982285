/**
 * An outside addon that brings a way to the SII, as an integrator would write it: it reaches OFITEC
 * through its public doors only. The adapter is all there is to it; connectors of its kind are made
 * over REST as those of the house are.
 */
import { Module } from '@nestjs/common';
import type { OnModuleInit } from '@nestjs/common';
import { defineAddon } from 'ofitec';
import { siiConnectorAddon, SiiAdapters, SiiConnectorModule } from 'ofitec/sii-connector';
import { acmeConfig, AcmeAdapter } from './adapter.js';

@Module({ imports: [SiiConnectorModule], providers: [AcmeAdapter] })
class AcmeSiiModule implements OnModuleInit {
  constructor(
    private readonly adapters: SiiAdapters,
    private readonly acme: AcmeAdapter,
  ) {}

  onModuleInit(): void {
    this.adapters.register(this.acme);
  }
}

export default defineAddon({
  name: 'acme-sii',
  version: '0.1.0',
  summary: 'gives Forms 29 to Acme, which files them',
  depends: [siiConnectorAddon],
  module: AcmeSiiModule,
  config: acmeConfig,
});
