import { Module } from '@nestjs/common';
import { SiiConnectorModule } from '#modules/sii-connector';
import { BalanceController } from './balance/balance.controller.js';
import { BalanceService } from './balance/balance.service.js';
import { FlowController } from './flow/flow.controller.js';
import { FlowService } from './flow/flow.service.js';
import { MirrorService } from './flow/mirror.service.js';
import { ForecastController } from './forecast/forecast.controller.js';
import { ForecastService } from './forecast/forecast.service.js';

@Module({
  imports: [SiiConnectorModule],
  controllers: [BalanceController, FlowController, ForecastController],
  providers: [BalanceService, FlowService, ForecastService, MirrorService],
})
export class TreasuryModule {}
