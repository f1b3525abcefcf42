/** Whether an event "mention.updated" is about a member: nobody else has to ask for their mentions again. */
export function callsOn(data: unknown, member: string): boolean {
  const members = (data as { members?: unknown } | undefined)?.members;
  return Array.isArray(members) && members.includes(member);
}
