/**
 * Tickets in the order in which they came: those of one priority that wait, or those that were
 * sent to one endpoint.
 *
 * Linked through the tickets themselves: one that leaves from the middle, as its caller goes, costs
 * four assignments, and joining allocates nothing.
 *
 * Pure. Owned by `waiting-queue.ts` and `slot.ts`; a ticket stands in one of them at most.
 */
import type { Ticket } from './ticket.ts';

export class TicketLine {
  oldest: Ticket | null = null;
  newest: Ticket | null = null;

  join(ticket: Ticket): void {
    ticket.previous = this.newest;
    ticket.next = null;
    if (this.newest === null) this.oldest = ticket;
    else this.newest.next = ticket;
    this.newest = ticket;
  }

  leave(ticket: Ticket): void {
    if (ticket.previous === null) this.oldest = ticket.next;
    else ticket.previous.next = ticket.next;
    if (ticket.next === null) this.newest = ticket.previous;
    else ticket.next.previous = ticket.previous;
    ticket.previous = null;
    ticket.next = null;
  }
}
