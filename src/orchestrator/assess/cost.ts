import type { CostForecast, Prices } from '../plan.ts';
import type { OldBalancer } from '../ports.ts';

/** List prices of us-east-1, on demand, US dollars for 730 hours (AWS price lists, read 2026). */
const LIST_PRICES: Prices = { classicBalancer: 18.25, applicationBalancer: 16.43, publicAddress: 3.65 };
const LIST_OF = 'us-east-1, 2026';
/** An internet-facing balancer has one public address in each zone; racks use at least two. */
const ZONES = 2;

/**
 * What the balancers cost a month, before and after. The rack's public balancer is paid for already; the internal one is
 * new unless the rack has it. Traffic is the same on both sides and left out. `own` prices take the place of list prices.
 */
export function forecastCost(
  old: readonly OldBalancer[],
  {
    newInternalBalancer,
    own = {},
  }: { readonly newInternalBalancer: boolean; readonly own?: Partial<Prices> | undefined },
): CostForecast {
  const prices = { ...LIST_PRICES, ...own };
  const pricesOf = Object.keys(own).length === 0 ? LIST_OF : `${LIST_OF}, and your own`;
  const publicOnes = old.filter(({ isInternal }) => !isInternal).length;
  const before = round(old.length * prices.classicBalancer + publicOnes * ZONES * prices.publicAddress);
  const after = newInternalBalancer ? prices.applicationBalancer : 0;
  const says = `$${before.toFixed(2)} → $${after.toFixed(2)} a month for balancers of its own (${old.length} classic ELBs go, ${newInternalBalancer ? 'one internal ALB comes' : "the rack's shared ones are paid for already"}; list prices of ${pricesOf}, without traffic)`;
  return { before, after, pricesOf, says };
}

function round(dollars: number): number {
  return Math.round(dollars * 100) / 100;
}
