// The words of the dialog. English is in the core; the others come when a page
// asks for them (words/*.ts), and English stays where they don't arrive.
export const english = {
  open: "Feedback",
  title: "Tell us what happened",
  kind: "What is it?",
  problem: "Problem",
  idea: "Idea",
  question: "Question",
  praise: "Praise",
  text: "What did you do, and what did you see?",
  email: "E-mail, if you want an answer",
  mail: "Your e-mail",
  shot: "Add screenshot",
  file: "Attach a file",
  mark: "Mark or hide parts of {name}",
  remove: "Remove {name}",
  large: "{name} is too large: 5 MB at most, 4 files.",
  details: "Send technical details",
  steps: "Your last steps ({n}), errors and calls in this tab. Never what you type.",
  see: "See what is sent",
  send: "Send",
  sending: "Sending",
  thanks: "Thank you. Your reference is {ref}.",
  follow: "Read the answer and add more",
  offline:
    "You are offline, or we can’t be reached. Your report is kept here and sent when you are online again.",
  failed: "That did not work. Try again.",
  preview: "This is a preview: nothing was sent.",
  close: "Close",
};
export type Words = typeof english;
export const languages = ["en", "de", "fr", "es", "it", "pt", "nl", "pl"];
