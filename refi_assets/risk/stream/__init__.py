"""The stream: from Kafka's topics to scores, each counted once. The only room that imports Kafka's client."""
