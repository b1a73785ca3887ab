output "database" {
  value = aws_glue_catalog_database.this.name
}

output "crawlers" {
  description = "The crawler's name, or none."
  value       = [for crawler in aws_glue_crawler.raw : crawler.name]
}

output "crawler_arns" {
  value = [for name in local.crawlers : "${local.glue}:crawler/${name}"]
}
