// Made by make docs: what the service answers.

interface AnswerBody {
  id: string;
  question: string;
  status: "answered" | "possible" | "no_answer";
  reason: "not_found" | "no_documents" | "not_a_question" | null;
  answer: FoundBody | null;
  confidence: ConfidenceBody;
  citations: CitationBody[];
  passages: PassageBody[];
  stand_alone_question: string | null;
  also_searched: string[];
  conversation_id: string | null;
  turn: number | null;
  documents: number;
  index_version: number;
  degraded: boolean;
  timings_ms: Record<string, number>;
}

interface AskedAgainBody {
  id: number;
  answer: AnswerBody;
}

interface AskedAgainListBody {
  asked: AskedAgainBody[];
}

interface CitationBody {
  number: number;
  document: SourceBody;
  page: number | null;
  section: string;
  lead_in: LeadInBody | null;
  start: number;
  end: number;
  quote: string;
  before: string;
  after: string;
  sha256: string;
  link: string;
  also_in: PlaceBody[];
  confidence: ConfidenceBody | null;
  recognised: number | null;
  removed: boolean;
}

interface ConfidenceBody {
  value: number;
  label: "high" | "medium" | "low" | "very_low";
}

interface ConversationListBody {
  conversations: SharedHeadBody[];
}

interface DayBody {
  day: string;
  asked: number;
  answered: number;
  possible: number;
  declined: number;
  voted_down: number;
}

interface DisagreementBody {
  values: StatedValueBody[];
}

interface FoundBody {
  text: string;
  sentences: SentenceBody[];
  highlight: HighlightBody | null;
  disagreement: DisagreementBody | null;
  steps: StepsBody | null;
}

interface HighlightBody {
  sentence: number;
  start: number;
  end: number;
}

interface IngestBody {
  id: string;
  status: "created" | "updated" | "unchanged";
  pages: number | null;
  sentences: number;
  chunks: number;
  warnings: string[];
  seconds: number;
}

interface LeadInBody {
  text: string;
  start: number;
  end: number;
}

interface MissingWordBody {
  word: string;
  asked: number;
  questions: string[];
  nearest: string[];
}

interface MissingWordListBody {
  days: number;
  words: MissingWordBody[];
}

interface OpenQuestionBody {
  id: number;
  question: string;
  count: number;
  outcome: string;
  confidence: number;
  last_asked: string;
  up: number;
  down: number;
  comments: string[];
}

interface PassageBody {
  document: SourceBody;
  page: number | null;
  section: string;
  start: number;
  end: number;
  text: string;
  score: number;
  sha256: string;
  link: string;
}

interface PlaceBody {
  document: SourceBody;
  page: number | null;
  section: string;
  start: number;
  end: number;
  sha256: string;
  link: string;
}

interface ProblemBody {
  type: string;
  title: string;
  status: number;
  detail: string;
  instance: string;
  errors?: Record<string, string>[];
}

interface QuestionGroupBody {
  count: number;
  before: number | null;
  last_asked: string;
  questions: OpenQuestionBody[];
}

interface SearchBody {
  passages: PassageBody[];
}

interface SentenceBody {
  text: string;
  citations: number[];
}

interface SharedHeadBody {
  id: string;
  title: string;
  created_at: string;
  updated_at: string;
  expires_at: string;
  shared_with: string;
}

interface SourceBody {
  id: string;
  title: string;
  url: string | null;
}

interface StatedValueBody {
  sentence: number;
  start: number;
  end: number;
  citation: number;
  dated: string;
}

interface StepsBody {
  count: number;
  shown: number;
  start: number;
  end: number;
  sha256: string;
  document: SourceBody;
  link: string;
}

interface SuggestionsBody {
  suggestions: string[];
}

interface TotalBody {
  asked: number;
  answered: number;
  possible: number;
  declined: number;
  voted_down: number;
}

interface UnansweredBody {
  days: number;
  keep_questions_days: number;
  total: TotalBody;
  before: TotalBody;
  reasons: Record<string, number>;
  per_day: DayBody[];
  groups: QuestionGroupBody[];
  left_out: number;
}
