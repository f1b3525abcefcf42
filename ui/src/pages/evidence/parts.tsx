import type { Feedback, Issue } from "@/api/types";
import { Lazy, lazyCode } from "@/ui/lazy";

const report = lazyCode(() => import("./behind-report"), "evidence");
const whole = lazyCode(() => import("../issue/behind-issue"), "evidence");

/** What stands behind a report, and what was written to who sent it. */
export const BehindReport = ({ feedback }: { feedback: Feedback }) => (
  <Lazy code={report} props={{ feedback }} />
);

/** What stands behind an issue. */
export const BehindIssue = ({ issue }: { issue: Issue }) => <Lazy code={whole} props={{ issue }} />;
