import type { CostForecast } from '../plan.ts';
import type { OldBalancer } from '../ports.ts';

/** List prices of us-east-1, on demand, US dollars for 730 hours (AWS price lists, read 2026). */
export const PRICES = {
  classicBalancer: 18.25,
  applicationBalancer: 16.43,
  publicAddress: 3.65,
  of: 'us-east-1, 2026',
} as const;
/** An internet-facing balancer has one public address in each zone; racks use at least two. */
const ZONES = 2;

/**
 * What the balancers cost a month, before and after. The rack's public balancer is paid for already; the internal one is
 * new unless the rack has it. Traffic is the same on both sides and left out.
 */
export function forecastCost(old: readonly OldBalancer[], newInternalBalancer: boolean): CostForecast {
  const publicOnes = old.filter(({ isInternal }) => !isInternal).length;
  const before = round(old.length * PRICES.classicBalancer + publicOnes * ZONES * PRICES.publicAddress);
  const after = newInternalBalancer ? PRICES.applicationBalancer : 0;
  const says = `$${before.toFixed(2)} → $${after.toFixed(2)} a month for balancers (${old.length} classic ELBs go${newInternalBalancer ? ', one internal ALB comes' : ''}; list prices, ${PRICES.of}, without traffic)`;
  return { before, after, pricesOf: PRICES.of, says };
}

function round(dollars: number): number {
  return Math.round(dollars * 100) / 100;
}
